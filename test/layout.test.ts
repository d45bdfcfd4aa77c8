/** The layout of the house: who may know whom, what every room has, and what no file may say. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { foldersIn, projectFiles, projectText, root } from './house/files.ts';

/** Files over 400 lines, each with the reason why it holds one idea nevertheless. */
const longFiles: Readonly<Record<string, string>> = {};

const run = promisify(execFile);

interface Cruise {
  readonly summary: {
    readonly violations: readonly { from: string; to: string; rule: { name: string } }[];
    readonly totalCruised: number;
  };
}

/** Runs dependency-cruiser with the project's rules on `folders` below `base`; each violation as `rule: from -> to`. */
async function violations(base: string, folders: readonly string[]): Promise<string[]> {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const rules = join(root, '.dependency-cruiser.cjs');
  const { stdout } = await run(process.execPath, [program, ...folders, '--config', rules, '--output-type', 'json'], {
    cwd: base,
    maxBuffer: 2 ** 28,
  }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
  const cruise = JSON.parse(stdout) as Cruise;
  assert.ok(cruise.summary.totalCruised > 0, 'dependency-cruiser looked at nothing');
  return cruise.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

test('arrows point down only, rooms are entered through their index, and nothing goes round', async () => {
  assert.deepEqual(await violations(root, ['src', 'bench', 'conformance', 'soak', 'scripts', 'test']), []);
});

test('the dependency rule bites', async (t) => {
  const fixture = mkdtempSync(join(tmpdir(), 'longmen-layout-'));
  t.after(() => rmSync(fixture, { recursive: true }));
  const files = {
    'package.json': JSON.stringify({ type: 'module', imports: JSON.parse(projectText('package.json')).imports }),
    'tsconfig.json': projectText('tsconfig.json'),
    'src/kernel/money/index.ts': "import '#engines/ledger';",
    'src/kernel/dates/index.ts': "export { one } from './model.ts';",
    'src/kernel/dates/model.ts': 'export const one = 1;',
    'src/engines/ledger/index.ts': "import '#kernel/dates';\nimport '../../kernel/dates/model.ts';",
    'src/engines/process/index.ts': "import '#engines/decision';",
    'src/engines/decision/index.ts': "import '#engines/process';\nimport '#systems/aml';",
    'src/systems/aml/index.ts': "import '#apps/cli';\nimport 'no-such-package';",
    'src/apps/cli/index.ts': "import type {} from '../../../test/helper.ts';\nimport '#systems/aml';",
    'test/helper.ts': 'export {};',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(fixture, path)), { recursive: true });
    writeFileSync(join(fixture, path), text);
  }
  const found = (await violations(fixture, ['src', 'test'])).filter((line) => !line.startsWith('no-cycles'));
  assert.deepEqual(found.sort(), [
    'a-room-is-entered-through-its-index: src/engines/ledger/index.ts -> src/kernel/dates/model.ts',
    'engines-do-not-know-each-other: src/engines/decision/index.ts -> src/engines/process/index.ts',
    'engines-know-no-system: src/engines/decision/index.ts -> src/systems/aml/index.ts',
    'kernel-knows-nothing-above-it: src/kernel/money/index.ts -> src/engines/ledger/index.ts',
    'no-unresolvable-import: src/systems/aml/index.ts -> no-such-package',
    'systems-know-no-door: src/systems/aml/index.ts -> src/apps/cli/index.ts',
    'the-house-stands-without-its-workshops: src/apps/cli/index.ts -> test/helper.ts',
  ]);
  const cycles = (await violations(fixture, ['src'])).filter((line) => line.startsWith('no-cycles'));
  assert.ok(cycles.length >= 2, `cycles found: ${cycles.join('; ')}`);
});

test('every room has an index.ts and a README.md', () => {
  const missing: string[] = [];
  for (const layer of ['kernel', 'engines', 'systems', 'apps']) {
    for (const room of foldersIn(`src/${layer}`)) {
      // The kernel's modules are small and described together, in one README.
      const readme = layer === 'kernel' ? 'src/kernel/README.md' : `src/${layer}/${room}/README.md`;
      if (!existsSync(join(root, `src/${layer}/${room}/index.ts`))) missing.push(`src/${layer}/${room}/index.ts`);
      if (!existsSync(join(root, readme))) missing.push(readme);
      else if (layer === 'kernel' && !projectText(readme).includes(`\`${room}\``)) missing.push(`${readme}: ${room}`);
    }
  }
  assert.deepEqual([...new Set(missing)], []);
});

test('a file over 400 lines is listed with its reason', () => {
  const code = /^(src|bench|conformance|soak|scripts|test|bin)\/.*\.(ts|js|sql)$/;
  const long = projectFiles().filter((path) => code.test(path) && projectText(path).split('\n').length > 401);
  assert.deepEqual(long, Object.keys(longFiles).sort());
});

test('dependencies have exact versions', () => {
  const manifest = JSON.parse(projectText('package.json')) as Record<string, Record<string, string> | undefined>;
  const loose = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${kind}: ${name} ${version}`),
  );
  assert.deepEqual(loose, []);
});

// Put together here, so that this file does not contain what it looks for.
const folders = ['home', 'root', 'work', 'Users'].join('|');
const machinePath = new RegExp(`(?<![\\w.~})\\]-])/(?:${folders})/[\\w.-]`);
const registryHost = new RegExp(['registry', '(npmjs|yarnpkg|npmmirror)'].join('\\.'), 'i');

/** Lines of `text` that name a folder of one machine or a package registry, as `path:line: text`. */
function machineWords(path: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      machinePath.test(line) || registryHost.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
    );
}

test('no file names a folder of one machine or a package registry', () => {
  const binary = /\.(png|jpg|webp|woff2|gz|parquet|ico)$/;
  const texts = projectFiles().filter((path) => !binary.test(path));
  assert.deepEqual(
    texts.flatMap((path) => machineWords(path, projectText(path))),
    [],
  );
});

test('the search for machine folders and registries finds them', () => {
  const bad = [`see /${'home'}/someone/file`, `'/${'root'}/.npmrc'`, `https://${'registry'}.npmjs.org/zod`];
  const good = ['GET /api/v1/work/1', 'src/home/page.ts', '../shared/data', 'the registry of metrics'];
  assert.deepEqual(
    machineWords('x', [...bad, ...good].join('\n')).map((line) => line.slice(0, 4)),
    ['x:1:', 'x:2:', 'x:3:'],
  );
});
