/** `longmen audit`, and the audit trail in `longmen evidence` and `longmen verify`. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { runCli } from '#apps/cli';
import { auditChange } from '#kernel/audit';
import { systemClock } from '#kernel/clock';
import { testDatabase } from '#test/database';

const db = await testDatabase({ after });
const folder = mkdtempSync(join(tmpdir(), 'longmen-audit-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function longmen(...words: readonly string[]) {
  const texts = ['', ''];
  const [stdout, stderr] = texts.map(
    (_, index) =>
      new Writable({
        write(part: Buffer, _encoding, done) {
          texts[index] += part.toString('utf8');
          done();
        },
      }),
  );
  assert.ok(stdout !== undefined && stderr !== undefined);
  const code = await runCli(words, { stdout, stderr, env: db.environment, signal: new AbortController().signal });
  return { code, stdout: texts[0] ?? '', stderr: texts[1] ?? '' };
}

await db.transaction((tx) =>
  auditChange(tx, systemClock(), {
    action: 'party:merge',
    subjects: [{ kind: 'party', id: '17' }],
    reason: '同一客户',
  }),
);

test('entries are listed and exported, and who looked at a subject is told; each of it is recorded', async () => {
  const list = await longmen('audit', 'list', '--subject', 'party:17', '--json');
  assert.equal(list.code, 0, list.stderr);
  const { entries } = JSON.parse(list.stdout) as { entries: { action: string }[] };
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['audit:read', 'party:merge'],
  );
  const subject = await longmen('audit', 'subject', 'party:17');
  assert.match(subject.stdout, /system +merged +合并 +同一客户/);
  const file = join(folder, 'audit.csv');
  const copy = await longmen('audit', 'export', '--action', 'party:*', '--output', file, '--json');
  assert.deepEqual(JSON.parse(copy.stdout), { file, entries: 1 });
  assert.match(readFileSync(file, 'utf8'), /,party:17,/);
  assert.equal((await longmen('audit', 'list', '--outcome', 'nonsense')).code, 2);
  assert.equal((await longmen('audit', 'subject', 'nonsense')).code, 1);
});

test('the trail is signed, proved and verified with the other evidence; a changed entry is named', async () => {
  const signed = await longmen('evidence', 'checkpoint', '--audit');
  assert.equal(signed.code, 0, signed.stderr);
  assert.match(signed.stdout, /\/_audit\n4\n/);
  const file = join(folder, 'proof.json');
  assert.equal((await longmen('evidence', 'prove', '--audit', '--entry', '1', '--out', file)).code, 0);
  const { keys } = JSON.parse((await longmen('evidence', 'keys', '--audit', '--json')).stdout);
  const good = await longmen('evidence', 'verify', file, '--key', keys[0].verifier_key);
  assert.match(good.stdout, /^good: leaf 0 of .*\/_audit at size 4[\s\S]*action: party:merge/);
  assert.equal((await longmen('evidence', 'prove', '--audit')).code, 2);
  const sound = await longmen('verify', '--json');
  assert.deepEqual(JSON.parse(sound.stdout).audit, { entries: 4, leaves: 4, behind: 0, checks: 3 });
  await db.admin.query(`update kernel.audit_entry set reason = 'else' where sequence = 1`);
  const found = await longmen('verify');
  assert.equal(found.code, 1);
  assert.match(found.stderr, /_audit, evidence_leaves .*"sequence":1[\s\S]*books_unsound: the audit trail fails/);
});
