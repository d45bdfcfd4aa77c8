/**
 * Emits the package's JavaScript and types into `dist/`. Only the packed package needs it: Node runs the TypeScript of a
 * checkout as it is, but no TypeScript below `node_modules`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});

// Migrations and data tables are read at run time from beside the code that owns them.
for (const file of globSync('**/*.{sql,json,csv}', { cwd: join(root, 'src') })) {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  cpSync(join(root, 'src', file), join(dist, file));
}

// Node looks up `#kernel/…` in the nearest package.json, so that the emitted files need their own one.
const room = (layer: string) => [`#${layer}/*`, `./${layer}/*/index.js`] as const;
const imports = Object.fromEntries(['kernel', 'engines', 'systems', 'apps'].map(room));
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ type: 'module', imports }, null, 2)}\n`);
