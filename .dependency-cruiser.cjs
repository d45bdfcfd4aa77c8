// The dependency rule of the house: arrows point down only, apps -> systems -> engines -> kernel, and a room is entered
// through its index.ts. `test/layout.test.ts` runs it on every change and proves that it bites.

/** Engines that may call another engine; nobody else's engine may. */
const engineExceptions = { process: ['decision'] };

const room = '^src/[^/]+/[^/]+/';
const engineRules = Object.entries(engineExceptions).map(([from, others]) => ({
  name: `engine-${from}-knows-only-its-exceptions`,
  severity: 'error',
  from: { path: `^src/engines/${from}/` },
  to: { path: '^src/engines/', pathNot: [from, ...others].map((name) => `^src/engines/${name}/`) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'kernel-knows-nothing-above-it',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { path: '^src/(engines|systems|apps)/' },
    },
    {
      name: 'engines-know-no-system',
      severity: 'error',
      from: { path: '^src/engines/' },
      to: { path: '^src/(systems|apps)/' },
    },
    {
      name: 'systems-know-no-door',
      severity: 'error',
      from: { path: '^src/systems/' },
      to: { path: '^src/apps/' },
    },
    {
      name: 'engines-do-not-know-each-other',
      severity: 'error',
      from: {
        path: '^src/engines/([^/]+)/',
        pathNot: Object.keys(engineExceptions).map((name) => `^src/engines/${name}/`),
      },
      to: { path: '^src/engines/', pathNot: '^src/engines/$1/' },
    },
    ...engineRules,
    {
      name: 'a-room-is-entered-through-its-index',
      comment: 'What a room offers to others stands in its index.ts; everything else in it may change at any time.',
      severity: 'error',
      from: { path: '^src/([^/]+/[^/]+)/' },
      to: { path: room, pathNot: ['^src/$1/', '^src/[^/]+/[^/]+/index[.]ts$'] },
    },
    {
      name: 'the-house-stands-without-its-workshops',
      comment:
        'bench, conformance, soak, scripts and test use src; src never uses them. Tests may use #test/… helpers.',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.]test[.]ts$' },
      to: { path: '^(bench|conformance|soak|scripts|test)/' },
    },
    {
      name: 'nobody-imports-a-test',
      severity: 'error',
      from: {},
      to: { path: '[.]test[.]ts$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable-import',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'the-product-needs-no-development-package',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'every-package-is-declared',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|[.]longmen)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
