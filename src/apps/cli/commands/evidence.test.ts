/** `longmen evidence` and its part of `longmen verify`, on a database with postings. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { runCli } from '#apps/cli';
import { testEvidence } from '#test/evidence';

const { db, logged, more } = await testEvidence({ after });
const folder = mkdtempSync(join(tmpdir(), 'longmen-evidence-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function longmen(words: readonly string[], env: NodeJS.ProcessEnv = db.environment) {
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
  const code = await runCli(words, { stdout, stderr, env, signal: new AbortController().signal });
  return { code, stdout: texts[0] ?? '', stderr: texts[1] ?? '' };
}

async function json<Answer>(...words: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await longmen([...words, '--json']);
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout) as Answer;
}

test('a proof is made, and verified without any database', async () => {
  const made = await logged(300, 'text');
  const file = join(folder, 'proof.json');
  const transfer = made.transfers[41] ?? '';
  await json('evidence', 'prove', '--book', made.code, '--transfer', transfer, '--out', file);
  const { keys } = await json<{ keys: { verifier_key: string }[] }>('evidence', 'keys', '--book', made.code);
  const key = keys[0]?.verifier_key ?? '';
  const nowhere = { LONGMEN_DATA: join(folder, 'none'), DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
  const good = await longmen(['evidence', 'verify', file, '--key', key, '--json'], nowhere);
  const said = JSON.parse(good.stdout) as { ok: boolean; index: string; size: string; posting: { id: string } };
  assert.deepEqual([good.code, said.ok, said.index, said.size, said.posting.id], [0, true, '41', '300', transfer]);
  assert.match((await longmen(['evidence', 'verify', file, '--key', key], nowhere)).stdout, /^good: leaf 41 /);

  writeFileSync(file, readFileSync(file, 'utf8').replace('"index": "41"', '"index": "42"'));
  const bad = await longmen(['evidence', 'verify', file, '--key', key], nowhere);
  assert.deepEqual([bad.code, bad.stderr.split(':')[0]], [1, 'evidence_proof_invalid']);
  assert.equal((await longmen(['evidence', 'verify', file], nowhere)).code, 2);
});

test('the log is brought up to date, signed, handed out and checked', async () => {
  const made = await logged(3, 'text');
  await more(made, 297);
  const behind = await longmen(['verify', '--book', made.code]);
  assert.equal(behind.code, 0, behind.stderr);
  assert.match(behind.stderr, /297 postings are not in the evidence log yet/);
  await json('evidence', 'rotate', '--overlap-days', '1');
  const { size, checkpoint } = await json<{ size: number; checkpoint: string }>(
    'evidence',
    'checkpoint',
    '--book',
    made.code,
  );
  assert.deepEqual([size, checkpoint.match(/^— /gm)?.length], [300, 2]);

  const target = join(folder, 'copy');
  const counts = await json<{ size: number; files: number }>(
    'evidence',
    'export',
    '--book',
    made.code,
    '--output',
    target,
  );
  assert.deepEqual([counts.size, counts.files], [300, 6]);
  assert.equal(readFileSync(join(target, 'checkpoint'), 'utf8'), checkpoint);
  assert.deepEqual(readdirSync(join(target, 'tile')).sort(), ['0', '1', 'entries']);

  const erase = [
    'evidence',
    'erase',
    '--book',
    made.code,
    '--transfer',
    made.transfers[0] ?? '',
    '--reason',
    'request 1',
  ];
  assert.deepEqual(await json(...erase), { erased: true });
  assert.equal((await longmen(['verify', '--book', made.code])).code, 0);

  const change = "update ledger.transfer set type = 'x' where book_id = $1 and sequence = 42";
  await db.admin.query(change, [made.bookId]);
  const found = await longmen(['verify', '--book', made.code, '--json']);
  const report = JSON.parse(found.stdout) as {
    ok: boolean;
    findings: { check: string; first: { sequence?: number } }[];
  };
  assert.deepEqual([found.code, report.ok], [1, false]);
  const leaves = report.findings.find(({ check }) => check === 'evidence_leaves');
  assert.equal(leaves?.first.sequence, 42);
  assert.match(found.stderr, /evidence_leaves .*"sequence":42[\s\S]*books_unsound/);
});
