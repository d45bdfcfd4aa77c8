/** The verifier finds every kept thing that was changed by hand, and names the first row. */
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { about, codes, type TestBook, testLedger, transfer } from '#test/ledger';
import { account, assertFound, type Tampering } from '#test/ledger-tampering';
import { verify } from './index.ts';

const { db, clock, ledger, book } = await testLedger({ after });

/** A book with a row of every kind: what stands at which position of its journal. */
const journal = [
  'transfer', // 1
  'transfer of another day', // 2
  'pending', // 3
  'part of 3 posted', // 4
  'rest of 3 voided', // 5
  'reversal of 2', // 6
  'chain', // 7
  'end of chain', // 8
  'pending with expiry', // 9
  'expiry of 9', // 10
  'reversal of 4', // 11
];

async function filledBook(): Promise<TestBook> {
  const one = await book({ code: '1001', side: 'debit' }, {}, { code: '2012' });
  const [cash, ann, bob = ''] = one.ids;
  const other = transfer(cash, bob, 50n, { effectiveDate: '2026-03-01' });
  const hold = transfer(ann, bob, 40n, { kind: 'pending' });
  const part = about('post', hold.id, { amount: 15n, keepRemainder: true });
  const expiresAt = clock.now().add({ minutes: 1 }).toString();
  const outcomes = await ledger.post(one.code, [
    transfer(cash, ann, 100n),
    other,
    hold,
    part,
    about('void', hold.id),
    about('reverse', other.id, { effectiveDate: '2026-03-03' }),
    transfer(ann, bob, 1n, { linked: true }),
    transfer(bob, cash, 1n),
    transfer(ann, bob, 9n, { kind: 'pending', expiresAt }),
    transfer(ann, ann, 1n),
  ]);
  assert.deepEqual(codes(outcomes), [...Array(9).fill('accepted'), 'accounts_same']);
  clock.advance({ minutes: 1 });
  assert.equal(await ledger.expireDue(one.code), 1);
  assert.deepEqual(codes(await ledger.post(one.code, [about('reverse', part.id)])), ['accepted']);
  return one;
}

const findings = async (one: TestBook) => (await verify(db, { book: one.code })).findings;
const id = (sequence: number) =>
  `(select transfer_id from ledger.transfer where book_id = $1 and sequence = ${sequence})`;

const at = (sequence: number) => `where book_id = $1 and sequence = ${sequence}`;
const tamperings: readonly Tampering[] = [
  {
    what: 'amount of a transfer',
    sql: `update ledger.transfer set amount_minor = amount_minor + 1 ${at(1)}`,
    checks: ['running_totals', 'counters', 'code_days'],
    first: { sequence: 1 },
  },
  {
    what: 'amount of a pending',
    sql: `update ledger.transfer set amount_minor = 41 ${at(3)}`,
    checks: ['running_totals', 'pending', 'counters', 'code_days'],
    first: { sequence: 3 },
  },
  {
    what: 'amount of a void',
    sql: `update ledger.transfer set amount_minor = 24 ${at(5)}`,
    checks: ['pending'],
    first: { sequence: 5, stored: 25, recomputed: 24 },
  },
  {
    what: 'amount of an expiry',
    sql: `update ledger.transfer set amount_minor = 10 ${at(10)}`,
    checks: ['pending'],
    first: { sequence: 10 },
  },
  {
    what: 'amount released by a post',
    sql: `update ledger.transfer set released_minor = 16 ${at(4)}`,
    checks: ['running_totals', 'pending', 'counters', 'code_days'],
    first: { sequence: 4 },
  },
  {
    what: 'day totals',
    sql: `update ledger.transfer set credit_day_credits_posted = 49 ${at(2)}`,
    checks: ['running_totals'],
    first: { sequence: 2, account: 3, stored: [0, 0, 0, 49], recomputed: [0, 0, 0, 50] },
  },
  {
    what: 'day totals, to the greatest number there is',
    sql: `update ledger.transfer set debit_day_debits_posted = 9223372036854775807, credit_day_debits_posted = -9223372036854775808 ${at(7)}`,
    checks: ['running_totals'],
    first: { sequence: 7 },
  },
  {
    what: 'amount released, to the least number there is',
    sql: `update ledger.transfer set released_minor = -9223372036854775808 ${at(4)}`,
    checks: ['running_totals', 'pending', 'counters', 'code_days'],
    first: { sequence: 4 },
  },
  {
    what: 'day of one of two of an account',
    sql: `update ledger.transfer set debit_account_id = ${account(3)}, credit_account_id = ${account(2)} ${at(7)}`,
    checks: ['running_totals', 'counters', 'code_days'],
    first: { sequence: 7 },
  },
  {
    what: 'effective date',
    sql: `update ledger.transfer set effective_date = '2026-02-01' ${at(2)}`,
    checks: ['code_days'],
    first: { effective_date: '2026-02-01' },
  },
  {
    what: 'account of a row',
    sql: `update ledger.transfer set credit_account_id = ${account(2)} ${at(2)}`,
    checks: ['reversals', 'counters', 'code_days'],
    first: { sequence: 6 },
  },
  {
    what: 'currency of a row',
    sql: `update ledger.transfer set currency = 'JPY' ${at(1)}`,
    checks: ['accounts', 'code_days'],
    first: {},
  },
  {
    what: 'kind of a row',
    sql: `update ledger.transfer set kind = 1 ${at(1)}`,
    checks: ['running_totals', 'pending', 'counters', 'code_days'],
    first: { sequence: 1 },
  },
  {
    what: 'instant of a row',
    sql: `update ledger.transfer set recorded_at = recorded_at - interval '1 second' ${at(6)}`,
    checks: ['sequence', 'answers'],
    first: { sequence: 6 },
  },
  {
    what: 'a row deleted',
    sql: `delete from ledger.transfer ${at(4)}`,
    checks: ['sequence', 'answers', 'running_totals', 'pending', 'reversals', 'counters', 'code_days'],
    first: { sequence: 4, stored: 5 },
  },
  {
    what: 'the last row deleted',
    sql: `delete from ledger.transfer ${at(11)}`,
    checks: ['sequence', 'answers', 'reversals', 'counters', 'code_days'],
    first: { sequence: 11, stored: 11 },
  },
  {
    what: 'a row too many',
    sql: `update ledger.journal_end set sequence = 10 where book_id = $1`,
    checks: ['sequence', 'events'],
    first: { sequence: 11, stored: 10 },
  },
  {
    what: 'instant of the end',
    sql: `update ledger.journal_end set recorded_at = '2026-03-01' where book_id = $1`,
    checks: ['sequence'],
    first: { stored: 11 },
  },
  {
    what: 'two rows of a chain apart',
    sql: `update ledger.transfer set recorded_at = recorded_at + interval '1 second' where book_id = $1 and sequence > 7`,
    checks: ['sequence', 'answers', 'chains'],
    first: { sequence: 12 },
  },
  {
    what: 'currency of an account',
    sql: `update ledger.account set currency = 'JPY' where book_id = $1 and code = '2012'`,
    checks: ['accounts'],
    first: { account: 3 },
  },
  {
    what: 'side of an account',
    sql: `update ledger.account set side = 'debit' where book_id = $1 and code = '2012'`,
    checks: ['accounts'],
    first: { account: 3 },
  },
  {
    what: 'an event deleted',
    sql: `delete from kernel.event where book_id = $1 and payload ->> 'first_sequence' = '10'`,
    checks: ['events'],
    first: { position: 5 },
  },
  {
    what: 'the last event deleted',
    sql: `delete from kernel.event where book_id = $1 and payload ->> 'first_sequence' = '11'`,
    checks: ['events'],
    first: { sequence: 11 },
  },
  {
    what: 'what an event tells',
    sql: `update kernel.event set payload = payload || '{"last_sequence": "8"}' where book_id = $1 and payload ->> 'first_sequence' = '1'`,
    checks: ['events'],
    first: { sequence: 10 },
  },
  {
    what: 'balance',
    sql: `update ledger.balance set credits_posted = credits_posted - 1 where book_id = $1 and account_id = ${account(2)}`,
    checks: ['counters'],
    first: { account: 2, stored: [0, 0, 16, 114], recomputed: [0, 0, 16, 115] },
  },
  {
    what: 'balance deleted',
    sql: `delete from ledger.balance where book_id = $1 and account_id = ${account(3)}`,
    checks: ['accounts'],
    first: { account: 3 },
  },
  {
    what: 'totals of a code',
    sql: `update ledger.code_day set debits_posted = debits_posted + 1 where book_id = $1 and code = '1001' and effective_date = '2026-03-01'`,
    checks: ['code_days'],
    first: {
      currency: 'CNY',
      code: '1001',
      effective_date: '2026-03-01',
      stored: [0, 0, 51, 0],
      recomputed: [0, 0, 50, 0],
    },
  },
  {
    what: 'totals of a code deleted',
    sql: `delete from ledger.code_day where book_id = $1 and code = '2012' and effective_date = '2026-03-03'`,
    checks: ['code_days'],
    first: { code: '2012', effective_date: '2026-03-03' },
  },
  {
    what: 'totals of a code too many',
    sql: `insert into ledger.code_day values ($1, 'CNY', '2012', '2020-01-01', 0, 0, 1, 1)`,
    checks: ['code_days'],
    first: { effective_date: '2020-01-01' },
  },
  {
    what: 'what is pending',
    sql: `update ledger.pending set remaining_minor = 1 ${at(3)}`,
    checks: ['pending'],
    first: { sequence: 3, stored: 1, recomputed: 0 },
  },
  {
    what: 'how a pending ended',
    sql: `update ledger.pending set ended = 'posted' ${at(3)}`,
    checks: ['pending'],
    first: { sequence: 3 },
  },
  {
    what: 'when a pending expires',
    sql: `update ledger.pending set expires_at = expires_at + interval '1 day' ${at(9)}`,
    checks: ['pending'],
    first: { sequence: 9 },
  },
  {
    what: 'a pending deleted',
    sql: `delete from ledger.pending ${at(3)}`,
    checks: ['pending'],
    first: { sequence: 3, stored: null },
  },
  {
    what: 'a pending too many',
    sql: `insert into ledger.pending values ($1, ${id(1)}, 1, 5, null, null)`,
    checks: ['pending'],
    first: { sequence: 1, stored: 5, recomputed: null },
  },
  { what: 'answer', sql: `update ledger.answer set code = 30 ${at(7)}`, checks: ['answers'], first: { sequence: 7 } },
  {
    what: 'answer made a refusal',
    sql: `update ledger.answer set code = 30, sequence = null ${at(7)}`,
    checks: ['answers'],
    first: { sequence: 7 },
  },
  {
    what: 'refusal made an acceptance',
    sql: `update ledger.answer set code = 0 where book_id = $1 and sequence is null`,
    checks: ['answers'],
    first: { sequence: null },
  },
  { what: 'answer deleted', sql: `delete from ledger.answer ${at(1)}`, checks: ['answers'], first: { sequence: 1 } },
  {
    what: 'answers swapped',
    sql: [
      `update ledger.answer set sequence = -1 ${at(1)}`,
      `update ledger.answer set sequence = 1 ${at(2)}`,
      `update ledger.answer set sequence = 2 ${at(-1)}`,
    ],
    checks: ['answers', 'reversals'],
    first: { sequence: 1 },
  },
  {
    what: 'reversals swapped',
    sql: [
      `update ledger.transfer set related_id = ${id(4)} ${at(6)}`,
      `update ledger.transfer set related_id = ${id(2)} ${at(11)}`,
    ],
    checks: ['reversals'],
    first: { sequence: 6 },
  },
  {
    what: 'what was reversed',
    sql: `update ledger.reversal set reversed_id = ${id(1)} where book_id = $1 and transfer_id = ${id(6)}`,
    checks: ['reversals'],
    first: { sequence: 6 },
  },
  {
    what: 'a reversal forgotten',
    sql: `delete from ledger.reversal where book_id = $1 and transfer_id = ${id(6)}`,
    checks: ['reversals'],
    first: { sequence: 6 },
  },
  {
    what: 'a reversal too many',
    sql: `insert into ledger.reversal values ($1, ${id(1)}, ${id(7)})`,
    checks: ['reversals'],
    first: { sequence: null },
  },
];

suite('what was changed by hand is found', () => {
  test('and nothing else is', async () => {
    const one = await filledBook();
    const report = await verify(db, { book: one.code });
    assert.deepEqual(report, {
      ok: true,
      books: [{ book: one.code, postings: journal.length, accounts: 3 }],
      checks: report.checks,
      findings: [],
    });
  });

  for (const tampering of tamperings) {
    test(tampering.what, async () => assertFound(db, await filledBook(), tampering));
  }

  test('in one book of several, by its code', async () => {
    const [sound, tampered] = [await filledBook(), await filledBook()];
    await db.admin.query('update ledger.balance set debits_posted = debits_posted + 1 where book_id = $1', [
      tampered.bookId,
    ]);
    const seen: string[] = [];
    const report = await verify(db, { onProgress: (done, total) => seen.push(`${done}/${total}`) });
    assert.equal(report.ok, false);
    assert.ok(report.findings.some((finding) => finding.book === tampered.code && finding.count === 3));
    assert.ok(report.findings.every((finding) => finding.book !== sound.code));
    assert.equal(seen.at(-1), `${report.checks * report.books.length}/${report.checks * report.books.length}`);
  });
});

test('a book in use verifies clean', async () => {
  const one = await book();
  let stop = false;
  const poster = (async () => {
    while (!stop) await ledger.post(one.code, [transfer(one.ids[0], one.ids[1], 1n, { kind: 'pending' })]);
  })();
  for (let round = 0; round < 5; round++) assert.deepEqual(await findings(one), []);
  stop = true;
  await poster;
});
