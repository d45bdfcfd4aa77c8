/** Backup by the server, and the commands around it, as an operator uses them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readToken, type ServerProcess, startServer } from '../soak/lib/server-process.ts';

const program = join(import.meta.dirname, '../bin/longmen.js');
const folder = mkdtempSync(join(tmpdir(), 'longmen-backup-command-'));
const data = join(folder, 'data');
const backups = join(folder, 'backup');
const kept = Object.entries(process.env).filter(([name]) => !/^(LONGMEN_|DATABASE_URL$|NODE_TEST)/.test(name));

async function longmen(...words: string[]) {
  const env = { ...Object.fromEntries(kept), LONGMEN_BACKUP_FOLDER: backups };
  const child = spawn(process.execPath, [program, ...words, '--json'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (said.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said.stderr += text.toString()));
  const code = await new Promise((done) => child.once('close', done));
  const document: unknown = said.stdout === '' ? undefined : JSON.parse(said.stdout);
  return { code, document: document as Record<string, unknown>, stderr: said.stderr };
}

suite('an operator backs up and restores', { timeout: 300_000 }, () => {
  let server: ServerProcess | undefined;
  after(async () => {
    await server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the server archives by itself, and what it answered is restored', async () => {
    mkdirSync(data);
    server = startServer({ dataFolder: data, settings: { LONGMEN_BACKUP_FOLDER: backups } });
    const url = await server.ready;
    const call = async (path: string, body: object) => {
      const headers = { authorization: `Bearer ${readToken(data)}`, 'content-type': 'application/json' };
      const response = await fetch(`${url}/api/v1/ledger/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      assert.ok(response.ok, await response.clone().text());
    };
    const id = (number: number) => `01890000-0000-7000-8000-00000000000${number}`;
    await call('accounts', {
      accounts: [
        { id: id(1), currency: 'CNY', code: '1001', side: 'debit' },
        { id: id(2), currency: 'CNY', code: '2011', side: 'credit' },
      ],
    });
    const bases = async () => {
      const { code, document } = await longmen('backup', 'list', '--data', data);
      return code === 0 ? (document.bases as { latest: string; earliest: string }[]) : [];
    };
    while ((await bases()).length === 0) await sleep(200);
    const transfer = { id: id(3), debit_account_id: id(1), credit_account_id: id(2), amount: '12.30', currency: 'CNY' };
    await call('transfers', { transfers: [transfer] });
    const answered = new Date(Date.now() + 1).toISOString();
    while (((await bases()).at(-1)?.latest ?? '') <= answered) await sleep(200);
    // Nothing in order: what was archived must do.
    await server.kill();
    const restored = join(folder, 'restored');
    const words = ['restore', '--data', restored, '--key-file', join(data, 'backup.key'), '--to-time', answered];
    const { code, document, stderr } = await longmen(...words);
    assert.equal(code, 0, stderr);
    const { ok, books } = document.verified as { ok: boolean; books: Record<string, unknown>[] };
    assert.equal(ok, true);
    assert.deepEqual([books[0]?.book, books[0]?.postings, books[0]?.last_transfer], ['main', 1, id(3)]);
    assert.equal(readToken(restored), readToken(data));
    const again = await longmen(...words);
    assert.deepEqual([again.code, (again.document.error as { code: string }).code], [1, 'restore_target_not_empty']);
  });

  test('backup by hand, check, prune and release', async () => {
    const more = await longmen('backup', '--data', data);
    assert.deepEqual([more.code, more.document.base, more.document.warnings], [0, null, []]);
    const check = await longmen('backup', 'check', '--data', data);
    assert.deepEqual([check.code, check.document.ok], [0, true]);
    const pruned = await longmen('backup', 'prune', '--data', data, '--bases', '1', '--days', '0');
    assert.deepEqual([pruned.code, pruned.document.bases_removed], [0, []]);
    const released = await longmen('backup', 'release', '--data', data);
    assert.deepEqual([released.code, released.document.released], [0, true]);
    const nowhere = await longmen('backup', 'list', '--from', join(folder, 'nowhere'), '--data', data);
    assert.deepEqual([nowhere.code, (nowhere.document.error as { code: string }).code], [1, 'backup_not_found']);
    assert.equal((await longmen('backup', 'prune', '--bases', 'many', '--data', data)).code, 2);
    assert.equal(existsSync(join(folder, 'nowhere')), false);
  });
});
