import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from '../pool.ts';
import { findRunner } from './privileges.ts';
import { findPrograms } from './programs.ts';
import { useEmbeddedServer } from './server.ts';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';

/** Until `t` ends only these programs of the machine can be found. */
function onlyPrograms(t: TestContext, names: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-programs-'));
  const path = process.env.PATH;
  for (const name of names) {
    const { stdout } = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    if (stdout.startsWith('/')) symlinkSync(stdout.trim(), join(folder, name));
  }
  process.env.PATH = folder;
  t.after(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-root-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function startAndStop(data: string): Promise<void> {
  const server = await useEmbeddedServer(data, { durable: false });
  const client = await connect(server.ownerUrl);
  await client.query('create table if not exists kept (id int)');
  await client.end();
  await server.release();
}

test('as root, with and without user namespaces, on the same data', { skip: !isRoot }, async (t) => {
  const parent = temporaryFolder(t);
  chmodSync(parent, 0o711);
  const data = join(parent, 'data');
  await t.test('without, on an empty folder', async (t) => {
    onlyPrograms(t, ['setpriv', 'ls']);
    await startAndStop(data);
    assert.notEqual(statSync(join(data, 'postgres')).uid, 0);
    assert.equal(statSync(join(data, 'secrets.json')).uid, 0);
  });
  await t.test('with', async (t) => {
    if (spawnSync('unshare', ['--user', '--map-user=1', 'true']).status !== 0) return t.skip('no user namespaces here');
    await startAndStop(data);
    const owners = readdirSync(join(data, 'postgres'), { recursive: true, encoding: 'utf8' });
    assert.ok(owners.every((name) => statSync(join(data, 'postgres', name)).uid === 0));
  });
  await t.test('without again', async (t) => {
    onlyPrograms(t, ['setpriv', 'ls']);
    await startAndStop(data);
  });
});

test('as root, where no way works, the reason is said', { skip: !isRoot }, (t) => {
  const closed = temporaryFolder(t);
  const { postgres } = findPrograms();
  onlyPrograms(t, ['setpriv', 'ls']);
  // Nobody but root may enter the parent.
  assert.throws(() => findRunner(mkdtempSync(join(closed, 'data-')), postgres), { code: 'embedded_postgres_root' });
  process.env.PATH = '';
  assert.throws(() => findRunner(closed, postgres), { code: 'embedded_postgres_root' });
});
