/** What `longmen verify` finds when somebody who owns the database changed it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { appendHashes, leafHashes, lockLog, readLog } from '#engines/evidence';
import { type LoggedBook, testEvidence } from '#test/evidence';

const { db, evidence, marker, logged, more, catchUp, report, findings } = await testEvidence({ after });

/** Every field of a journal row, and another value for it. */
const changes = [
  ['transfer_id', "'00000000-0000-7000-8000-000000000001'"],
  ['kind', '1'],
  ['debit_account_id', "'00000000-0000-7000-8000-000000000001'"],
  ['credit_account_id', "'00000000-0000-7000-8000-000000000001'"],
  ['amount_minor', 'amount_minor + 1'],
  ['currency', "'CNX'"],
  ['effective_date', 'effective_date + 1'],
  ['recorded_at', "recorded_at + interval '1 microsecond'"],
  ['related_id', "'00000000-0000-7000-8000-000000000001'"],
  ['expires_at', "'2030-01-01'"],
  ['linked', 'not linked'],
  ['adjustment', 'not adjustment'],
  ['type', "'x'"],
  ['description', "description || ' '"],
  ['reference', 'null'],
  ['released_minor', '1'],
  ...['debit', 'credit'].flatMap((side) =>
    ['debits_pending', 'credits_pending', 'debits_posted', 'credits_posted'].map(
      (name) => [`${side}_day_${name}`, `${side}_day_${name} + 1`] as const,
    ),
  ),
] as const;

test('the posting of which any field was changed is named', async () => {
  const made = await logged(600, 'text');
  assert.deepEqual(await report(made), {
    books: [{ book: made.code, leaves: 600, behind: 0 }],
    checks: 3,
    findings: [],
  });
  const { rows } = await db.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = 'ledger.transfer'::regclass and attnum > 0 and not attisdropped
       and attname not in ('book_id', 'sequence')`,
  );
  assert.deepEqual(new Set(rows.map(({ name }) => name)), new Set(changes.map(([column]) => column)));
  const where = `book_id = ${made.bookId} and sequence = 300`;
  await db.admin.query(`create table saved as select * from ledger.transfer where ${where}`);
  for (const [column, value] of changes) {
    await db.admin.query(`update ledger.transfer set ${column} = ${value} where ${where}`);
    const [found] = await findings(made);
    const named = { check: found?.check, count: found?.count, sequence: found?.first.sequence };
    assert.deepEqual(named, { check: 'evidence_leaves', count: 1, sequence: 300 }, column);
    await db.admin.query(`delete from ledger.transfer where ${where}`);
    await db.admin.query('insert into ledger.transfer select * from saved');
  }
  assert.deepEqual(await findings(made), []);
});

/** Changes a row and computes all hashes above it anew; only what a key outside the database made stays as it was. */
async function forge(made: LoggedBook, sequence: number): Promise<void> {
  const { admin } = db;
  const change = 'update ledger.transfer set amount_minor = amount_minor + 1 where book_id = $1 and sequence = $2';
  await admin.query(change, [made.bookId, sequence]);
  const { rows: marks } = await admin.query<{ tile: bigint; marks: Buffer }>(
    'select tile, marks from evidence.tile where book_id = $1 and level = 0',
    [made.bookId],
  );
  const { size } = await readLog(db, made.key);
  const entries = await (await evidence.source(made.code)).entries(0, size);
  await admin.query('delete from evidence.tile where book_id = $1', [made.bookId]);
  await admin.query('update evidence.log set size = 0 where book_id = $1', [made.bookId]);
  await db.transaction(async (tx) => appendHashes(tx, await lockLog(tx, made.key), leafHashes(entries)));
  for (const row of marks) {
    const restore = 'update evidence.tile set marks = $3 where book_id = $1 and level = 0 and tile = $2';
    await admin.query(restore, [made.bookId, row.tile, row.marks]);
  }
}

test('the posting is named also when every hash in the database was computed anew, and nothing more is signed', async () => {
  const made = await logged(600);
  await forge(made, 123);
  const [leaves, checkpoints, ...others] = await findings(made, marker());
  assert.deepEqual([leaves?.check, leaves?.count, leaves?.first.sequence], ['evidence_leaves', 1, 123]);
  assert.deepEqual([checkpoints?.check, others], ['evidence_checkpoints', []]);
  await more(made, 1);
  await assert.rejects(catchUp(made), { code: 'evidence_log_inconsistent' });
});

test('without the key of the marks the postings between two checkpoints are named', async () => {
  const made = await logged(50);
  for (let round = 0; round < 2; round++) {
    await more(made, 50);
    await catchUp(made);
  }
  await forge(made, 70);
  const [found, ...others] = await findings(made);
  assert.deepEqual([found?.check, found?.count, others], ['evidence_checkpoints', 2, []]);
  const { first_sequence_in_question: from, last_sequence_in_question: to } = found?.first ?? {};
  assert.deepEqual([from, to], [51, 100]);
});

for (const [what, change, check] of [
  ['a deleted posting', 'delete from ledger.transfer where book_id = $1 and sequence = 200', 'evidence_leaves'],
  [
    'a changed leaf hash',
    `update evidence.tile set hashes = set_byte(hashes, 3200, get_byte(hashes, 3200) # 1)
     where book_id = $1 and level = 0 and tile = 0`,
    'evidence_leaves',
  ],
  [
    'a changed inner hash',
    'update evidence.tile set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) where book_id = $1 and level = 1',
    'evidence_tiles',
  ],
  ['a missing tile', 'delete from evidence.tile where book_id = $1 and level = 1', 'evidence_tiles'],
  [
    'a changed checkpoint',
    `update evidence.checkpoint set note = replace(note, E'\\n300\\n', E'\\n299\\n') where book_id = $1`,
    'evidence_checkpoints',
  ],
  ['a changed root', `update evidence.log set root = sha256('x') where book_id = $1`, 'evidence_tiles'],
  [
    'a changed salt',
    'update evidence.salt set salts = set_byte(salts, 5, get_byte(salts, 5) # 1) where book_id = $1',
    'evidence_leaves',
  ],
] as const) {
  test(`${what} is found`, async () => {
    const made = await logged(300, 'text');
    await db.admin.query(change, [made.bookId]);
    const found = await findings(made);
    assert.equal(found[0]?.check, check, JSON.stringify(found));
  });
}
