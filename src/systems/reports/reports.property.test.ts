/** The numbered invariants of README.md, on random histories in a real database. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type AccountInput, listAccounts, listTransfers, type Transfer, type TransferInput } from '#engines/ledger';
import { decimal } from '#kernel/decimal';
import { deterministicId } from '#kernel/ids';
import { codes as outcomeCodes, type TestBook, testLedger } from '#test/ledger';
import type { Consolidation } from './consolidation.ts';
import type { Grid, Place } from './model.ts';
import { accountsBehind, postingsBehind } from './open.ts';
import { amountAt, openReports, type ReportRequest } from './service.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const reports = openReports({ db });

const codes = ['1001', '1304', '2011', '201101', '3001', '3101', '4001', '4104', '6011', '6411', '6601'] as const;
const accounts: readonly (AccountInput & { id: string })[] = ['CNY', 'JPY'].flatMap((currency) =>
  codes.flatMap((code) =>
    [0, 1].map((number) => ({
      id: deterministicId('report.account', currency, code, `${number}`),
      currency,
      code,
      side: code < '2' ? ('debit' as const) : ('credit' as const),
      name: `${code} ${number}`,
    })),
  ),
);
const perCurrency = accounts.length / 2;

interface Draft {
  readonly currency: number;
  readonly debit: number;
  readonly other: number;
  readonly amount: bigint;
  readonly day: number;
  readonly type: string | null;
  readonly reverse: boolean;
  readonly pending: boolean;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  currency: fc.constantFrom(0, 0, 0, 1),
  debit: fc.nat(perCurrency - 1),
  other: fc.integer({ min: 1, max: perCurrency - 1 }),
  amount: fc.bigInt(1n, 10n ** 12n),
  day: fc.integer({ min: 0, max: 80 }),
  type: fc.constantFrom(null, null, null, 'interest', 'year_end_close'),
  reverse: fc.constantFrom(false, false, false, false, true),
  pending: fc.constantFrom(false, false, false, false, false, true),
});
/** Batches; between two of them time passes. */
const history = fc.noBias(fc.array(fc.array(draft, { minLength: 1, maxLength: 10 }), { minLength: 2, maxLength: 3 }));

/** Days of the history: 2025-12-01 and the 80 days after it, so that a year ends within. */
function dayText(day: number): string {
  const [month, first] = day < 31 ? ['2025-12', 1] : day < 62 ? ['2026-01', -30] : ['2026-02', -61];
  return `${month}-${`${day + first}`.padStart(2, '0')}`;
}

async function filled(batches: readonly Draft[][]): Promise<{ one: TestBook; instants: string[] }> {
  const one = await book(...accounts);
  const instants: string[] = [];
  const sent: TransferInput[] = [];
  for (const drafts of batches) {
    const inputs = drafts.map((each, index): TransferInput => {
      const id = deterministicId('report.transfer', one.code, `${sent.length + index}`);
      const effectiveDate = dayText(each.day);
      const earlier = sent.filter(({ kind }) => kind === 'transfer').at(-1 - (each.debit % 3));
      if (each.reverse && earlier !== undefined) return { id, kind: 'reverse', reversedId: earlier.id, effectiveDate };
      const base = each.currency * perCurrency;
      return {
        id,
        kind: each.pending ? 'pending' : 'transfer',
        debitAccountId: accounts[base + each.debit]?.id ?? '',
        creditAccountId: accounts[base + ((each.debit + each.other) % perCurrency)]?.id ?? '',
        amount: each.amount,
        currency: accounts[base]?.currency ?? '',
        effectiveDate,
        type: each.type ?? undefined,
      };
    });
    sent.push(...inputs);
    const outcomes = outcomeCodes(await ledger.post(one.code, inputs));
    assert.ok(
      outcomes.every((code) => code === 'accepted' || code === 'already_reversed'),
      outcomes.join(),
    );
    const { rows } = await db.query<{ at: string }>(
      'select recorded_at as at from ledger.journal_end where book_id = $1',
      [one.bookId],
    );
    instants.push(rows[0]?.at ?? '');
    clock.advance({ seconds: 1 });
  }
  return { one, instants };
}

/** What the journal says that a code holds, without any total the books keep. */
function netOf(
  journal: readonly Transfer[],
  currency: string,
  holds: (code: string) => boolean,
  counts: (row: Transfer) => boolean,
): bigint {
  const codeOf = new Map(accounts.map(({ id, code }) => [id, code]));
  let net = 0n;
  for (const row of journal) {
    if (row.currency !== currency || row.kind === 'pending' || !counts(row)) continue;
    if (holds(codeOf.get(row.debitAccountId) ?? '')) net += row.amount;
    if (holds(codeOf.get(row.creditAccountId) ?? '')) net -= row.amount;
  }
  return net;
}

function yearEnd(journal: readonly Transfer[]): (row: Transfer) => boolean {
  const closing = new Set(journal.filter(({ type }) => type === 'year_end_close').map(({ id }) => id));
  return (row) => closing.has(row.id) || (row.kind === 'reverse' && closing.has(row.relatedId ?? ''));
}

function check(grid: Grid): void {
  for (const { currency, checks } of grid.sections) {
    for (const { column, left, right } of checks) assert.equal(left, right, `${grid.kind} ${currency} ${column}`);
  }
}

/** Opens every number of a report down to its postings, and adds them up. */
async function openAll(grid: Grid, translated = false): Promise<number> {
  let opened = 0;
  for (const { currency, rows } of grid.sections) {
    for (const { key: row, amounts } of rows) {
      for (const [index, amount] of amounts.entries()) {
        const column = grid.columns[index]?.key ?? '';
        if (amount === null) continue;
        const place: Place = { currency, row, column };
        if (translated) {
          assert.equal(
            grid.translatedOf(place).reduce((sum, one) => sum + one.amount, 0n),
            amount,
            `${row} ${column}`,
          );
          continue;
        }
        let after = null;
        let sum = 0n;
        do {
          const page = await accountsBehind(db, grid, place, null, { after, limit: 7 });
          for (const account of page.accounts) {
            sum += account.amount;
            opened += 1;
            const wanted = { book: account.book, accountId: account.accountId, limit: 5 };
            let from = null;
            let behind = 0n;
            do {
              const found = await postingsBehind(db, grid, place, null, { ...wanted, after: from });
              behind += found.postings.reduce((total, posting) => total + posting.amount, 0n);
              from = found.next;
            } while (from !== null);
            assert.equal(behind, account.amount, `${row} ${column} ${account.code}`);
          }
          after = page.next;
        } while (after !== null);
        assert.equal(sum, amount, `${grid.kind} ${currency} ${row} ${column}`);
      }
    }
  }
  return opened;
}

/** A counterexample is made smaller for a minute at most: each attempt fills books of its own. */
const effort = { interruptAfterTimeLimit: 60_000 };

test('assets are liabilities and equity, at every date and instant, and the lines are what the journal says', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (batches) => {
      const { one, instants } = await filled(batches);
      const journal = await listTransfers(db, one.bookId, { limit: 1_000 });
      const isYearEnd = yearEnd(journal);
      for (const recordedAt of [undefined, ...instants]) {
        const known = (row: Transfer) => recordedAt === undefined || row.recordedAt <= recordedAt;
        for (const date of ['2025-11-30', '2025-12-31', '2026-01-15', '2026-02-28']) {
          const sheet = await reports.report({ kind: 'balance-sheet', books: [one.code], date, recordedAt });
          check(sheet);
          const range = { date, from: date < '2025-12-01' ? date : '2025-12-01' };
          const statement = await reports.report({ kind: 'income-statement', books: [one.code], ...range, recordedAt });
          for (const { currency } of sheet.sections) {
            const to = (row: Transfer) => known(row) && row.effectiveDate <= date;
            const line = (row: string) => amountAt(sheet, { currency, row, column: 'current' });
            const net = (beginning: string) => netOf(journal, currency, (code) => code.startsWith(beginning), to);
            assert.equal(line('cash_and_central_bank'), net('1001'));
            assert.equal(line('loans'), net('1304'));
            assert.equal(line('deposits'), -net('2011'));
            assert.equal(line('unclosed_profit'), -net('6'));
            const derivatives = net('3101');
            assert.equal(line('derivative_assets'), derivatives > 0n ? derivatives : 0n);
            assert.equal(line('derivative_liabilities'), derivatives < 0n ? -derivatives : 0n);
          }
          for (const { currency } of statement.sections) {
            const counts = (row: Transfer) =>
              known(row) && row.effectiveDate >= range.from && row.effectiveDate <= date && !isYearEnd(row);
            assert.equal(
              amountAt(statement, { currency, row: 'net_profit', column: 'current' }),
              -netOf(journal, currency, (code) => code.startsWith('6'), counts),
            );
          }
        }
      }
    }),
    { ...effort, numRuns: 4 },
  );
});

test('every number of every report opens to accounts and postings that add up to it', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (batches) => {
      const { one, instants } = await filled(batches);
      const books = [one.code];
      const then = instants[0] ?? '';
      const requests: ReportRequest[] = [
        { kind: 'balance-sheet', books, date: '2026-01-20', compare: { date: '2025-12-31' } },
        { kind: 'balance-sheet', books, date: '2026-02-28', compare: { date: '2026-02-28', recordedAt: then } },
        {
          kind: 'income-statement',
          books,
          date: '2026-02-28',
          from: '2025-12-10',
          compare: { date: '2026-01-10', recordedAt: then },
        },
        { kind: 'movements', books, date: '2026-01-31', from: '2026-01-01' },
        { kind: 'movements', books, date: '2026-02-28', from: '2025-12-15', by: 'account', recordedAt: then },
        { kind: 'trial-balance', books, date: '2026-01-31', compare: { date: '2025-12-15' } },
      ];
      let opened = 0;
      for (const request of requests) {
        const grid = await reports.report(request);
        check(grid);
        opened += await openAll(grid);
      }
      assert.ok(opened > 0);
    }),
    { ...effort, numRuns: 2 },
  );
});

test('two entities: consolidated is the sum less eliminations, in every line, and it balances and opens', async () => {
  await fc.assert(
    fc.asyncProperty(history, history, async (first, second) => {
      const [bank, leasing] = [(await filled(first)).one, (await filled(second)).one];
      const account = (code: string) => accounts.find((one) => one.code === code && one.currency === 'CNY')?.id ?? '';
      const side = (entity: string, codes: string[], ids?: string[]) => ({
        entity,
        codes,
        ...(ids && { accounts: ids }),
      });
      const names = (key: string) => ({ key, name_zh: key, name_en: key });
      const consolidation: Consolidation = {
        code: 'group',
        name_zh: '集团',
        name_en: 'Group',
        entities: [
          { key: 'bank', name: 'Bank', books: [bank.code] },
          { key: 'leasing', name: 'Leasing', books: [leasing.code] },
        ],
        eliminations: [
          {
            ...names('loan'),
            one: side('bank', ['2011'], [account('2011')]),
            other: side('leasing', ['1001'], [account('1001')]),
          },
          { ...names('clearing'), one: side('bank', ['3001']), other: side('leasing', ['3001']) },
          { ...names('interest'), one: side('bank', ['6011']), other: side('leasing', ['6411']) },
        ],
      };
      for (const request of [
        { kind: 'balance-sheet', consolidation, date: '2026-02-28', compare: { date: '2025-12-31' } },
        { kind: 'income-statement', consolidation, date: '2026-02-28', from: '2025-12-01' },
      ] satisfies ReportRequest[]) {
        const grid = await reports.report(request);
        check(grid);
        for (const { currency, rows } of grid.sections) {
          for (const { key: row, amounts } of rows) {
            if (amounts[0] === null) continue;
            const at = (column: string) => amountAt(grid, { currency, row, column });
            assert.equal(at('sum'), at('bank') + at('leasing'), row);
            assert.equal(at('current'), at('sum') + at('eliminations'), row);
          }
        }
        await openAll(grid);
        const rates = async () => decimal('0.0481');
        const inOne = { ...request, currency: 'CNY', rates };
        const translated = await reports.report(inOne);
        check(translated);
        assert.deepEqual(
          translated.sections.map(({ currency }) => currency),
          ['CNY'],
        );
        await openAll(translated, true);
      }
    }),
    { ...effort, numRuns: 1 },
  );
});

test('several books of one entity are one sum; a book is no part of two entities', async () => {
  const [first, second] = [await book(...accounts), await book(...accounts)];
  const [cash, deposit] = ['1001', '2011'].map((code) => accounts.find((one) => one.code === code)?.id ?? '');
  for (const [one, amount] of [
    [first, 100n],
    [second, 23n],
  ] as const) {
    await ledger.post(one.code, [
      {
        id: deterministicId('sum', one.code),
        debitAccountId: cash,
        creditAccountId: deposit,
        amount,
        currency: 'CNY',
        effectiveDate: '2026-01-01',
      },
    ]);
  }
  const books = [first.code, second.code];
  const grid = await reports.report({ kind: 'balance-sheet', books, date: '2026-01-01' });
  assert.equal(amountAt(grid, { currency: 'CNY', row: 'total_assets', column: 'current' }), 123n);
  const entities = [
    { key: 'a', name: 'A', books },
    { key: 'b', name: 'B', books: [first.code] },
  ];
  const consolidation = { code: 'twice', name_zh: '重', name_en: 'Twice', entities, eliminations: [] };
  await assert.rejects(reports.report({ kind: 'balance-sheet', consolidation, date: '2026-01-01' }), {
    code: 'consolidation_invalid',
  });
  assert.equal((await listAccounts(db, first.bookId, { limit: 1_000 })).length, accounts.length);
});
