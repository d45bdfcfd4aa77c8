/** Exports, read back by somebody else's programs where these are installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import fc from 'fast-check';
import { formatAmount } from '#kernel/money';
import { codes, type TestBook, testLedger, transfer } from '#test/ledger';
import { accounts, submit, units } from '#test/ledger-history';
import { type ExportFormat, exportBook, listAccounts, type TransferInput } from './index.ts';

const { db, clock, ledger, book } = await testLedger({ after });
const folder = mkdtempSync(join(tmpdir(), 'longmen-export-'));
after(() => rmSync(folder, { recursive: true }));

async function exported(one: TestBook, format: ExportFormat) {
  let text = '';
  const write = async (piece: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    text += piece;
  };
  const counts = await exportBook(db, one.code, { format, write });
  return { ...counts, text };
}

const id = (number: number, first = '0') => `${first}0000000-0000-4000-8000-00000000000${number}`;

/** Two currencies, a text that is nobody's syntax, something pending, a refusal, and a date out of order. */
async function smallBook(): Promise<TestBook> {
  const one = await book(
    { id: id(1), code: '1001', side: 'debit', name: 'Cash' },
    { id: id(2, 'a'), code: '2011.1' },
    { id: id(3), code: '1001', side: 'debit', currency: 'JPY' },
    { id: id(4), code: '2011', currency: 'JPY' },
  );
  const outcomes = await ledger.post(one.code, [
    transfer(id(1), id(2, 'a'), '1234.50', {
      id: id(5),
      type: 'cash_deposit',
      description: '现金"存款";\n2 | 3 \\',
      reference: 'R-1',
    }),
    transfer(id(3), id(4), 700n, { id: id(6), currency: 'JPY', effectiveDate: '2026-02-28' }),
    transfer(id(2, 'a'), id(1), 20n, { id: id(7), kind: 'pending' }),
    transfer(id(2, 'a'), id(1), 0n, { id: id(8) }),
    { id: id(9), kind: 'reverse', reversedId: id(6), effectiveDate: '2026-03-01' },
  ]);
  assert.deepEqual(codes(outcomes), ['accepted', 'accepted', 'accepted', 'amount_zero', 'accepted']);
  return one;
}

test('hledger and beancount texts', async () => {
  const one = await smallBook();
  const hledger = await exported(one, 'hledger');
  assert.deepEqual([hledger.transfers, hledger.accounts], [3, 4]);
  assert.equal(
    hledger.text,
    `commodity 1000.00 CNY
commodity 1000. JPY

account assets:1001:00000000-0000-4000-8000-000000000001
account assets:1001:00000000-0000-4000-8000-000000000003
account liabilities:2011:00000000-0000-4000-8000-000000000004
account liabilities:2011.1:a0000000-0000-4000-8000-000000000002

2026-02-28 * (00000000-0000-4000-8000-000000000006) transfer
    assets:1001:00000000-0000-4000-8000-000000000003  700 JPY
    liabilities:2011:00000000-0000-4000-8000-000000000004  -700 JPY

2026-03-01 * (00000000-0000-4000-8000-000000000009) transfer
    liabilities:2011:00000000-0000-4000-8000-000000000004  700 JPY
    assets:1001:00000000-0000-4000-8000-000000000003  -700 JPY

2026-03-02 * (00000000-0000-4000-8000-000000000005) cash_deposit - 现金 存款   2   3   - R-1
    assets:1001:00000000-0000-4000-8000-000000000001  1234.50 CNY
    liabilities:2011.1:a0000000-0000-4000-8000-000000000002  -1234.50 CNY

2026-03-02 * closing balances
    assets:1001:00000000-0000-4000-8000-000000000001  0 CNY = 1234.50 CNY
    assets:1001:00000000-0000-4000-8000-000000000003  0 JPY = 0 JPY
    liabilities:2011:00000000-0000-4000-8000-000000000004  0 JPY = 0 JPY
    liabilities:2011.1:a0000000-0000-4000-8000-000000000002  0 CNY = -1234.50 CNY

`,
  );
  assert.equal(
    (await exported(one, 'beancount')).text,
    `2026-02-28 open Assets:C1001:00000000-0000-4000-8000-000000000001 CNY
2026-02-28 open Assets:C1001:00000000-0000-4000-8000-000000000003 JPY
2026-02-28 open Liabilities:C2011:00000000-0000-4000-8000-000000000004 JPY
2026-02-28 open Liabilities:C2011-1:A0000000-0000-4000-8000-000000000002 CNY

2026-02-28 * "transfer"
  id: "00000000-0000-4000-8000-000000000006"
  Assets:C1001:00000000-0000-4000-8000-000000000003  700 JPY
  Liabilities:C2011:00000000-0000-4000-8000-000000000004  -700 JPY

2026-03-01 * "transfer"
  id: "00000000-0000-4000-8000-000000000009"
  Liabilities:C2011:00000000-0000-4000-8000-000000000004  700 JPY
  Assets:C1001:00000000-0000-4000-8000-000000000003  -700 JPY

2026-03-02 * "cash_deposit - 现金 存款   2   3   - R-1"
  id: "00000000-0000-4000-8000-000000000005"
  Assets:C1001:00000000-0000-4000-8000-000000000001  1234.50 CNY
  Liabilities:C2011-1:A0000000-0000-4000-8000-000000000002  -1234.50 CNY

2026-03-03 balance Assets:C1001:00000000-0000-4000-8000-000000000001  1234.50 CNY
2026-03-03 balance Assets:C1001:00000000-0000-4000-8000-000000000003  0 JPY
2026-03-03 balance Liabilities:C2011:00000000-0000-4000-8000-000000000004  0 JPY
2026-03-03 balance Liabilities:C2011-1:A0000000-0000-4000-8000-000000000002  -1234.50 CNY
`,
  );
});

test('an empty book is its accounts; the last day of the calendar is a day; an unknown book is refused', async () => {
  const one = await book({ id: id(1) }, { id: id(2) });
  const { text, transfers } = await exported(one, 'hledger');
  assert.deepEqual([transfers, text.includes('closing'), text.includes(`:${id(1)}\n`)], [0, false, true]);
  await ledger.post(one.code, [transfer(id(1), id(2), 1n, { effectiveDate: '9999-12-31' })]);
  for (const format of ['hledger', 'beancount'] as const)
    assert.match((await exported(one, format)).text, /9999-12-31 \*/);
  await assert.rejects(exportBook(db, 'nowhere', { format: 'hledger', write: () => {} }), { code: 'book_not_found' });
});

test('more transfers than one fetch are all there, once, while the book is in use', async () => {
  const one = await book();
  const [ann, bob] = one.ids;
  await ledger.post(
    one.code,
    Array.from({ length: 5_001 }, () => transfer(ann, bob, 1n)),
  );
  const seen: number[] = [];
  let text = '';
  const { transfers } = await exportBook(db, one.code, {
    format: 'hledger',
    write: async (piece) => {
      text += piece;
      await ledger.post(one.code, [transfer(ann, bob, 1n)]);
    },
    onProgress: (done) => seen.push(done),
  });
  assert.deepEqual([transfers, seen], [5_001, [5_000, 5_001]]);
  assert.equal(new Set(text.match(/^\S+ \* \([0-9a-f-]{36}\)/gm)).size, 5_001);
  assert.match(text, /0 CNY = 50\.01 CNY/);
});

/** Whether a program is there, or the reason for skipping what needs it. */
function missing(program: string, ...probe: string[]): string | false {
  return spawnSync(program, probe).error === undefined
    ? false
    : `${program} is not on PATH (Debian: apt-get install ${program})`;
}

async function randomBook(seed: number): Promise<TestBook> {
  const one = await book(...accounts);
  const drafts = fc.sample(units, { seed, numRuns: 4 }).flat();
  const numbered = submit(drafts, clock.now()).map((unit, index): TransferInput[] =>
    unit.map((input) => ({ ...input, type: `unit ${index}`, description: 'a = b @ 3 (c) {d} ; "e" | tag: f  ' })),
  );
  await ledger.post(one.code, numbered.flat());
  return one;
}

const seeds = [1, 2, 3, 4];

suite('hledger', { skip: missing('hledger', '--version') }, () => {
  const hledger = (text: string, ...words: string[]) => {
    const file = join(folder, 'book.journal');
    writeFileSync(file, text);
    return spawnSync('hledger', ['-f', file, ...words], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
  };

  test('has the balances we have, and its checks of our assertions pass', async () => {
    for (const seed of seeds) {
      const one = await randomBook(seed);
      const { text, transfers } = await exported(one, 'hledger');
      assert.ok(transfers > 5);
      const checked = hledger(text, 'check', '--strict');
      assert.equal(checked.status, 0, checked.stderr);
      const { stdout } = hledger(text, 'balance', '--flat', '--empty', '--no-total', '--layout=bare', '-O', 'csv');
      const theirs = new Map(
        stdout
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => {
            const [account = '', currency, amount] = line.replaceAll('"', '').split(',');
            return [account.split(':').at(-1), `${amount} ${currency}`];
          }),
      );
      const found = await listAccounts(db, one.bookId, { limit: 100 });
      const ours = found.map(({ id: account, currency, counters }) => {
        return [
          account,
          `${formatAmount(counters.debitsPosted - counters.creditsPosted, currency)} ${currency}`,
        ] as const;
      });
      assert.ok(ours.some(([, amount]) => !amount.startsWith('0')));
      for (const [account, amount] of ours) {
        // An account without any posting is not in a balance report.
        const none = amount.replace(/^0(\.0+)?/, '0');
        assert.equal(theirs.get(account)?.replace(/^0(\.0+)? /, '0 ') ?? none, none.startsWith('0 ') ? none : amount);
      }
    }
  });

  test('refuses a book in which one amount was changed', async () => {
    const { text } = await exported(await smallBook(), 'hledger');
    assert.equal(hledger(text, 'check').status, 0);
    const changed = hledger(
      text.replaceAll('1234.50 CNY\n', '1234.51 CNY\n').replaceAll('= 1234.51', '= 1234.50'),
      'check',
    );
    assert.notEqual(changed.status, 0);
    assert.match(changed.stderr, /assertion/);
  });
});

suite('beancount', { skip: missing('bean-check', '--version') }, () => {
  test('accepts our books and their assertions', async () => {
    for (const seed of seeds) {
      const file = join(folder, 'book.beancount');
      writeFileSync(file, (await exported(await randomBook(seed), 'beancount')).text);
      assert.equal(execFileSync('bean-check', [file], { encoding: 'utf8' }), '');
    }
  });
});
