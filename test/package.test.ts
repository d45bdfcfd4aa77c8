/** The packed tarball, installed into an empty project: it holds what it should, its engine loads and its bin runs. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { projectFiles, projectText, root } from './house/files.ts';

const run = promisify(execFile);
const manifest = JSON.parse(projectText('package.json')) as {
  version: string;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

/** The environment of a process that knows nothing of this machine's Longmen settings. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('LONGMEN_') && name !== 'DATABASE_URL'),
);

suite('the packed tarball', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-package-'));
  const project = join(folder, 'project');
  const installed = join(project, 'node_modules/longmen');
  let tarball = '';
  let names: string[] = [];

  before(async () => {
    await run('npm', ['pack', '--pack-destination', folder], { cwd: root, shell: process.platform === 'win32' });
    tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball');
    names = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((name) => name.replace(/^package\//, ''));
    install(tarball, project, installed);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const longmen = async (...words: string[]) => {
    const { stdout } = await run(process.execPath, [join(installed, 'bin/longmen.js'), ...words], {
      cwd: project,
      env: environment,
    });
    return stdout;
  };

  test('holds JavaScript, types, migrations and licence, and no sources or tests', () => {
    const unwanted = names.filter((name) =>
      /\.test\.|(?<!\.d)\.ts$|^(src|test|bench|conformance|soak|scripts)\//.test(name),
    );
    assert.deepEqual(unwanted, []);
    const wanted = [
      'LICENSE',
      'NOTICE',
      'README.md',
      'ARCHITECTURE.md',
      'dist/apps/cli/main.js',
      'dist/engines/ledger/index.d.ts',
    ];
    const migrations = projectFiles('src').filter((path) => path.endsWith('.sql'));
    const shipped = [...wanted, ...migrations.map((path) => path.replace(/^src\//, 'dist/'))];
    assert.deepEqual(
      shipped.filter((name) => !names.includes(name)),
      [],
    );
    assert.ok(statSync(tarball).size < 5_000_000, `${statSync(tarball).size} bytes`);
  });

  test('its bin runs', async () => {
    assert.equal(await longmen('--version'), `${manifest.version}\n`);
    const { settings } = JSON.parse(await longmen('config', '--json')) as {
      settings: { env: string; value: unknown }[];
    };
    assert.equal(settings.find(({ env }) => env === 'LONGMEN_DATA')?.value, join(project, '.longmen'));
  });

  test('its database starts and is migrated', async () => {
    const { applied, total } = JSON.parse(await longmen('migrate', '--json')) as { applied: string[]; total: number };
    assert.equal(applied.length, total);
    assert.equal(total, projectFiles('src').filter((path) => path.endsWith('.sql')).length);
  });

  test('its process engine can be used alone', async () => {
    writeFileSync(
      join(project, 'process.mjs'),
      "import { deploy, start } from 'longmen/process';\nconsole.log(typeof deploy, typeof start);\n",
    );
    const { stdout } = await run(process.execPath, ['process.mjs'], { cwd: project, env: environment });
    assert.equal(stdout, 'function function\n');
  });

  test('its verifier of evidence can be used alone', async () => {
    writeFileSync(
      join(project, 'evidence.mjs'),
      "import { emptyRoot, toBase64, verifyProof } from 'longmen/evidence';\n" +
        'console.log(typeof verifyProof, toBase64(emptyRoot()));\n',
    );
    const { stdout } = await run(process.execPath, ['evidence.mjs'], { cwd: project, env: environment });
    assert.equal(stdout, 'function 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n');
  });

  test('its ledger engine can be used alone, with types', async () => {
    writeFileSync(
      join(project, 'use.mjs'),
      "import { openLedger } from 'longmen/ledger';\nconsole.log(typeof openLedger);\n",
    );
    const { stdout } = await run(process.execPath, ['use.mjs'], { cwd: project, env: environment });
    assert.equal(stdout, 'function\n');

    const consumer = [
      "import { type Ledger, openLedger } from 'longmen/ledger';",
      'type Post = Ledger["post"];',
      // A type that could not be found is `any`, and would be accepted everywhere.
      "export const typed: 0 extends 1 & Post ? 'any' : 'typed' = 'typed';",
      'export const open: (options: Parameters<typeof openLedger>[0]) => Ledger = openLedger;',
    ];
    writeFileSync(join(project, 'use.mts'), `${consumer.join('\n')}\n`);
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      'node',
    ];
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    symlinkSync(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'), 'dir');
    await run(process.execPath, [compiler, ...options, 'use.mts'], { cwd: project }).catch(
      (error: { stdout?: string }) => assert.fail(error.stdout),
    );
  });
});

/**
 * Puts the tarball where `npm install` would, with the declared dependencies beside it; these are linked from the
 * checkout, so that the test needs no network. A dependency that is used and not declared is not found.
 */
function install(tarball: string, project: string, installed: string): void {
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n');
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1']);
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    const source = join(root, 'node_modules', name);
    const target = join(project, 'node_modules', name);
    if (statSync(source, { throwIfNoEntry: false }) === undefined) continue;
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(source, target, 'dir');
  }
}
