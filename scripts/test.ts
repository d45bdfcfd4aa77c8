/**
 * `npm test`: format and lint, types, then all tests against one throw-away PostgreSQL.
 *
 * npm test -- src/kernel/money        only test files whose path begins with or contains this; skips the checks
 * npm test -- --postgres /usr/lib/postgresql/15/bin    against another PostgreSQL installation
 */
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { type TestServer, testServerVariable } from '#test/database';
import { programsIn } from '../src/kernel/database/embedded/programs.ts';
import { useEmbeddedServer } from '../src/kernel/database/embedded/server.ts';

/** By default Node leaves a core free; but most tests wait for PostgreSQL most of the time. */
const CONCURRENCY = Math.max(2, availableParallelism());

const root = resolve(import.meta.dirname, '..');
const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: { postgres: { type: 'string' } },
});

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill(signal);
  });
}
let running: ReturnType<typeof spawn> | undefined;

process.exitCode = (await checks()) && (await tests()) && !interrupted ? 0 : 1;

async function checks(): Promise<boolean> {
  if (filters.length > 0) return true;
  return (
    (await step('format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.'])) &&
    (await step('types', ['node_modules/typescript/bin/tsc', '--noEmit']))
  );
}

async function tests(): Promise<boolean> {
  const files = globSync('{src,test,scripts,bench,conformance,soak}/**/*.test.ts', { cwd: root })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter.replace(/^\.\//, ''))))
    .sort();
  if (files.length === 0) {
    console.error(`no test file matches ${filters.join(' ')}`);
    return false;
  }
  const folder = mkdtempSync(join(tmpdir(), 'longmen-test-'));
  try {
    const programs = options.postgres === undefined ? {} : { programs: programsIn(resolve(options.postgres)) };
    const server = await useEmbeddedServer(folder, { durable: false, ...programs });
    try {
      const { superuserUrl, ownerUrl, appUrl } = server;
      const logins: TestServer = { superuserUrl, ownerUrl, appUrl };
      const environment = { [testServerVariable]: JSON.stringify(logins) };
      return await step(
        `${files.length} test files`,
        ['--test', '--test-reporter=spec', '--test-timeout=600000', `--test-concurrency=${CONCURRENCY}`, ...files],
        environment,
      );
    } finally {
      await server.release();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Node with `args` in the project folder, says what and how long, and returns whether it went well. */
async function step(name: string, args: readonly string[], environment: Record<string, string> = {}): Promise<boolean> {
  if (interrupted) return false;
  console.log(`── ${name}`);
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } });
  running = child;
  const status = await new Promise<number | null>((done, fail) => child.once('exit', done).once('error', fail));
  running = undefined;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`── ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  return status === 0;
}
