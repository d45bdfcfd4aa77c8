/** The three runners: names, the one JSON document, exit codes, and suites that are not there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { projectText, root } from './house/files.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(folder: string, file: string, words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, ...env } };
    execFile(process.execPath, [join(folder, file), ...words], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** A project of its own with the real runners and the given work, and nothing else to run. */
function projectWith(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-runners-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const own = [
    'scripts/runner.ts',
    'bench/run.ts',
    'bench/lib/machine.ts',
    'bench/lib/contract.ts',
    'conformance/run.ts',
    'conformance/lib/contract.ts',
    'soak/run.ts',
    'soak/lib/contract.ts',
  ];
  const texts = { ...Object.fromEntries(own.map((path) => [path, projectText(path)])), ...files };
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  // An import map cannot lead out of its package, so the rooms the runners use stand here as files that lead on.
  for (const room of ['apps/cli', 'kernel/errors']) {
    const target = pathToFileURL(join(root, 'src', room, 'index.ts')).href;
    mkdirSync(join(folder, 'src', room), { recursive: true });
    writeFileSync(join(folder, 'src', room, 'index.ts'), `export * from '${target}';\n`);
  }
  const imports = { '#apps/*': './src/apps/*/index.ts', '#kernel/*': './src/kernel/*/index.ts' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', imports }));
  return folder;
}

const good = `export const run = async () => ({ total: 3, passed: 2, failed: 0, skipped: 1, failures: [] });`;
const bad = `export const run = async ({ folder }) => ({ total: 1, passed: 0, failed: 1, skipped: 0,
  failures: [{ case: 'a, b', reason: folder }] });`;
const wrong = `export const run = async () => ({ total: 9, passed: 1, failed: 0, skipped: 0, failures: [] });`;

test('an unknown name is exit code 2 and lists the names there are', async () => {
  for (const runner of ['bench/run.ts', 'conformance/run.ts', 'soak/run.ts']) {
    const { code, stdout, stderr } = await run(root, runner, ['no-such-name', '--json']);
    assert.deepEqual([code, stdout], [2, ''], runner);
    assert.match(stderr, /no-such-name; there are: /);
    assert.equal((await run(root, runner, ['../scripts/runner'])).code, 2);
  }
});

test('bench prints one document with machine, commit and all five members of each result', async (t) => {
  const results = `[{ name: 'a', value: 12345.6, unit: '1/s' }, { name: 'b', value: 2, unit: 's', baseline: 'a', ratio: 0.5 }]`;
  const folder = projectWith(t, {
    'bench/sum.ts': `export async function run({ log, progress, args }) { log(args.join()); progress(1, 2); return ${results}; }`,
    'bench/no-work.ts': 'export const helper = 1;',
  });
  assert.equal((await run(folder, 'bench/run.ts', [])).stdout, 'sum\n');
  const { code, stdout, stderr } = await run(folder, 'bench/run.ts', ['sum', '--json', '--size', '3']);
  assert.deepEqual([code, stderr], [0, '--size,3\n']);
  const document = JSON.parse(stdout) as { bench: string; machine: object; commit: unknown; results: unknown[] };
  assert.deepEqual(Object.keys(document), ['bench', 'machine', 'commit', 'results']);
  assert.deepEqual(Object.keys(document.machine), ['cpu', 'cores', 'memory_gib', 'node', 'os']);
  assert.deepEqual(document.results, [
    { name: 'a', value: 12345.6, unit: '1/s', baseline: null, ratio: null },
    { name: 'b', value: 2, unit: 's', baseline: 'a', ratio: 0.5 },
  ]);
  assert.match((await run(folder, 'bench/run.ts', ['sum'])).stdout, /12,346 {2}1\/s/);
});

test('conformance counts, fails with a failed case, skips what is absent, and refuses counts that do not add up', async (t) => {
  const folder = projectWith(t, {
    'conformance/good.ts': good,
    'conformance/bad.ts': bad,
    'conformance/absent.ts': good,
    'shared/conformance/good/x': '',
    'shared/conformance/bad/x': '',
  });
  const shared = { LONGMEN_SHARED: join(folder, 'shared') };
  const passed = await run(folder, 'conformance/run.ts', ['good', '--json'], shared);
  assert.equal(passed.code, 0);
  assert.deepEqual(JSON.parse(passed.stdout), {
    suite: 'good',
    total: 3,
    passed: 2,
    failed: 0,
    skipped: 1,
    failures: [],
  });
  const failed = await run(folder, 'conformance/run.ts', ['bad', '--json'], shared);
  assert.equal(failed.code, 1);
  assert.equal((JSON.parse(failed.stdout) as { failed: number }).failed, 1);
  const csv = readFileSync(join(folder, 'conformance/results/bad.csv'), 'utf8');
  assert.equal(csv, `case,reason\n"a, b",${join(folder, 'shared/conformance/bad')}\n`);
  const absent = await run(folder, 'conformance/run.ts', ['absent', '--json'], shared);
  assert.equal(absent.code, 0);
  assert.match(absent.stderr, /^skipped: .*absent is absent\n$/);
  assert.equal((JSON.parse(absent.stdout) as { total: number }).total, 0);
  const all = await run(folder, 'conformance/run.ts', ['--json'], shared);
  assert.equal(all.code, 1);
  const { suites } = JSON.parse(all.stdout) as { suites: { suite: string }[] };
  assert.deepEqual(
    suites.map(({ suite }) => suite),
    ['absent', 'bad', 'good'],
  );
  writeFileSync(join(folder, 'conformance/good.ts'), wrong);
  const broken = await run(folder, 'conformance/run.ts', ['good', '--json'], shared);
  assert.deepEqual([broken.code, broken.stdout], [1, '']);
});

test('conformance without any suite says so', async (t) => {
  const folder = projectWith(t, {});
  const { code, stdout, stderr } = await run(folder, 'conformance/run.ts', ['--json']);
  assert.deepEqual([code, JSON.parse(stdout), stderr], [0, { suites: [] }, 'no conformance suites yet\n']);
});

test('soak passes its numbers on, and its exit code says whether it passed', async (t) => {
  const folder = projectWith(t, {
    'soak/crash.ts': `export const run = async ({ rounds, operations, seed }) =>
      ({ name: 'crash', passed: rounds === 3, details: { operations, seed, total: 12n } });`,
  });
  const passed = await run(folder, 'soak/run.ts', [
    'crash',
    '--json',
    '--rounds',
    '3',
    '--operations',
    '10',
    '--seed',
    '7',
  ]);
  assert.equal(passed.code, 0);
  const document = JSON.parse(passed.stdout) as { passed: boolean; seed: number; details: object };
  assert.deepEqual([document.passed, document.seed], [true, 7]);
  assert.deepEqual(document.details, { operations: 10, seed: 7, total: '12' });
  assert.equal((await run(folder, 'soak/run.ts', ['crash', '--rounds', '4'])).code, 1);
  assert.equal((await run(folder, 'soak/run.ts', ['crash', '--rounds', 'many'])).code, 2);
  assert.equal((await run(folder, 'soak/run.ts', ['crash', '--round', '4'])).code, 2);
});
