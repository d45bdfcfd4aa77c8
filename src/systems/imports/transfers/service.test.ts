import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { available, openLedger, readAccount, verify } from '#engines/ledger';
import { manualClock } from '#kernel/clock';
import { LongmenError } from '#kernel/errors';
import { createBook, headPosition } from '#kernel/events';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import { importTransfers, type TransfersOptions } from './service.ts';

const clock = manualClock('2026-03-02T01:00:00Z');
const db = await testDatabase({ after });
const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
const folder = await mkdtemp(join(tmpdir(), 'longmen-transfers-'));
after(async () => {
  await ledger.close();
  await rm(folder, { recursive: true });
});

const header =
  'id,kind,debit_account_id,credit_account_id,amount,currency,effective_date,type,description,reference,linked,pending_id,reversed_id,expires_at';

describe('a file of transfers', () => {
  let book = '';
  let serial = 0;
  let cash = '';
  let customer = '';

  before(async () => {
    await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
  });

  /** A book of its own with a cash account and a customer account that may not go below zero. */
  async function newBook(): Promise<number> {
    serial += 1;
    book = `book-${serial}`;
    cash = newId(clock);
    customer = newId(clock);
    await db.transaction((tx) => createBook(tx, { code: book, name: book }, clock));
    await db.transaction((tx) =>
      ledger.openAccounts(tx, book, [
        { id: cash, currency: 'CNY', code: '1001', side: 'debit' },
        { id: customer, currency: 'CNY', code: '2011', side: 'credit', limits: { minimum: 0n } },
      ]),
    );
    return ledger.bookId(book);
  }

  async function load(name: string, content: string, options: TransfersOptions = {}) {
    const path = join(folder, name);
    await writeFile(path, content);
    return importTransfers({ db, ledger, clock }, path, { book, ...options });
  }

  async function held(bookId: number): Promise<[balance: bigint, available: bigint]> {
    const { counters } = await readAccount(db, bookId, customer);
    return [counters.creditsPosted - counters.debitsPosted, available('credit', counters)];
  }

  it('is posted in order: single, chained, pending, posted, reversed; and changes nothing the second time', async () => {
    const bookId = await newBook();
    const [first, hold] = [newId(clock), newId(clock)];
    const rows = [
      `${first},,${cash},${customer},100.00,CNY,2026-03-01,cash_deposit,"Counter, window 3",R-1,,,,`,
      `,transfer,${customer},${cash},30.00,CNY,,,,,true,,,`,
      `,transfer,${customer},${cash},80.00,CNY,,,,,false,,,`,
      `,transfer,${customer},${cash},20.00,CNY,,,,,,,,`,
      `${hold},pending,${customer},${cash},50.00,CNY,,,,,,,,2026-04-01T00:00:00Z`,
      `,transfer,${customer},${cash},30.01,CNY,,,,,,,,`,
      `,post,,,,,,,,,,${hold},,`,
      `,reverse,,,,,2026-03-02,,,,,,${first},`,
    ];
    const refusals: unknown[] = [];
    const content = [header, ...rows, ''].join('\n');
    const result = await load('mixed.csv', content, { onRefused: ({ line, code }) => refusals.push([line, code]) });
    const codes = [
      [3, 'chain_failed'],
      [4, 'exceeds_available'],
      [7, 'exceeds_available'],
      [9, 'exceeds_available'],
    ];
    assert.deepEqual([result.transfers, result.accepted, result.refused], [8, 4, 4]);
    assert.deepEqual(
      result.refusals.map(({ line, code }) => [line, code]),
      codes,
    );
    assert.deepEqual(refusals, codes);
    assert.deepEqual(await held(bookId), [3_000n, 3_000n]);

    const head = await headPosition(db, bookId);
    const again = await load('mixed.csv', content);
    assert.deepEqual(again, result);
    assert.equal(await headPosition(db, bookId), head);
    assert.deepEqual(await held(bookId), [3_000n, 3_000n]);
    const { rows: runs } = await db.query('select kind, counts from imports.import_run where book_id = $1', [bookId]);
    assert.deepEqual(runs, [{ kind: 'transfers', counts: { transfers: 8, accepted: 4, refused: 4 } }]);
  });

  it('may be JSON Lines', async () => {
    const bookId = await newBook();
    const line = (fields: object) => `${JSON.stringify({ currency: 'CNY', ...fields })}\n`;
    const result = await load(
      'transfers.jsonl',
      line({ debit_account_id: cash, credit_account_id: customer, amount: '12.30', linked: true }) +
        line({ debit_account_id: customer, credit_account_id: cash, amount: '2.30' }),
    );
    assert.deepEqual(result, { transfers: 2, accepted: 2, refused: 0, refusals: [] });
    assert.deepEqual(await held(bookId), [1_000n, 1_000n]);
  });

  it('keeps nothing when any of its records is damaged', async () => {
    const bookId = await newBook();
    const good = `,,${cash},${customer},1.00,CNY,,,,,,,,`;
    const cases: [line: number, reason: RegExp, rows: string[]][] = [
      [10_002, /amount_malformed/, [...Array<string>(10_000).fill(good), good.replace('1.00', '1.O0'), good]],
      [3, /has 1 columns/, [good, 'oops', good]],
      [3, /linked: the last transfer/, [good, `,,${cash},${customer},1.00,CNY,,,,,true,,,`]],
      [8_194, /a chain holds at most 8192/, Array<string>(9_000).fill(`,,${cash},${customer},1.00,CNY,,,,,true,,,`)],
    ];
    const head = await headPosition(db, bookId);
    for (const [line, reason, rows] of cases) {
      const error = await load('damaged.csv', [header, ...rows].join('\n')).then(
        () => assert.fail('nothing was refused'),
        (cause: unknown) => cause,
      );
      assert.ok(error instanceof LongmenError, String(error));
      assert.deepEqual([error.code, error.meta.file, error.meta.line], ['import_row_invalid', 'damaged.csv', line]);
      assert.match(String(error.meta.reason), reason);
    }
    assert.equal(await headPosition(db, bookId), head);
    const { rows: runs } = await db.query('select from imports.import_run where book_id = $1', [bookId]);
    assert.equal(runs.length, 0);
  });

  it('may be larger than one request; a chain over the border stays whole', async () => {
    const bookId = await newBook();
    const row = (amount: string, linked = '') => `,,${cash},${customer},${amount},CNY,,,,,${linked},,,`;
    const chain = [row('1.00', 'true'), row('1.00', 'true'), `,,${customer},${customer},1.00,CNY,,,,,,,,`];
    const rows = [...Array<string>(8_190).fill(row('1.00')), ...chain, ...Array<string>(100).fill(row('1.00'))];
    const result = await load('large.csv', [header, ...rows].join('\n'));
    assert.deepEqual([result.transfers, result.accepted, result.refused], [8_293, 8_290, 3]);
    assert.deepEqual(
      result.refusals.map(({ line, code }) => [line, code]),
      [
        [8_192, 'chain_failed'],
        [8_193, 'chain_failed'],
        [8_194, 'accounts_same'],
      ],
    );
    assert.deepEqual(await held(bookId), [829_000n, 829_000n]);
  });

  it('is completed by a second run when the first stopped half-way', async () => {
    const bookId = await newBook();
    const rows = Array<string>(9_000).fill(`,,${cash},${customer},1.00,CNY,,,,,,,,`);
    const content = [header, ...rows].join('\n');
    const stop = new Error('the process dies here');
    const stopped = load('half.csv', content, {
      onProgress({ step }) {
        if (step === 'post') throw stop;
      },
    });
    await assert.rejects(stopped, stop);
    assert.deepEqual(await held(bookId), [819_200n, 819_200n]);
    const result = await load('half.csv', content);
    assert.deepEqual([result.accepted, result.refused], [9_000, 0]);
    assert.deepEqual(await held(bookId), [900_000n, 900_000n]);
  });

  it('is refused when it changes while it is imported', async () => {
    await newBook();
    const rows = Array<string>(9_000).fill(`,,${cash},${customer},1.00,CNY,,,,,,,,`);
    const content = [header, ...rows].join('\n');
    let done = false;
    const changing = load('changing.csv', content, {
      onProgress({ step, done: bytes, total }) {
        if (step !== 'read' || bytes < total || done) return;
        done = true;
        writeFileSync(join(folder, 'changing.csv'), content.replace('1.00,CNY', '2.00,CNY'));
      },
    });
    await assert.rejects(changing, { code: 'import_file_changed' });
    assert.ok(done);
  });

  it('is refused when it is not there, or the book is not', async () => {
    await newBook();
    await assert.rejects(importTransfers({ db, ledger, clock }, join(folder, 'none.csv'), { book }), {
      code: 'import_file_missing',
    });
    await assert.rejects(load('none.csv', `${header}\n`, { book: 'nowhere' }), { code: 'book_not_found' });
  });

  it('leaves books that verify', async () => {
    assert.deepEqual((await verify(db)).findings, []);
  });
});
