/** Archives on a real database: what may be cut, what is kept, kills at every step, tampering. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import {
  archiveEnd,
  balanceAsOf,
  exportBook,
  listTransfers,
  openPendings,
  readTransfer,
  statement,
  verify,
} from '#engines/ledger';
import { findBook } from '#kernel/events';
import { markSuspenseAccount, suspenseItems } from '#systems/general-ledger';
import { midOf2030, type OldBook, testArchive } from '#test/archive';
import { about, codes, everything, transfer } from '#test/ledger';
import { type ArchivedPosting, checkArchives, listArchives, readArchived, verifyArchiveRecords } from './index.ts';

const { db, clock, ledger, evidence, old, findings, marker } = await testArchive({ after });

async function shown(one: OldBook, filter: object = {}): Promise<ArchivedPosting[]> {
  const rows: ArchivedPosting[] = [];
  for await (const row of readArchived(one.folder, { book: one.code, ...filter }, [])) rows.push(row);
  return rows;
}

async function allFindings(one: OldBook): Promise<string[]> {
  const found = [
    ...(await verify(db, { book: one.code })).findings,
    ...(await findings(one, marker())),
    ...(await verifyArchiveRecords(db, one.code)),
  ];
  return found.map(({ check }) => check);
}

suite('what may be archived', () => {
  test('only old rows of sealed days, whole batches, in the order of the journal', async () => {
    const one = await old();
    await one.seal('2026-01-31');
    assert.deepEqual(await one.archive(), {
      book: one.code,
      archives: [],
      postings: 0,
      stoppedBy: 'not_sealed',
      detail: '1',
    });
    await one.seal(null);
    assert.equal((await one.archive()).stoppedBy, 'not_sealed');
    await one.seal('2040-12-31');
    const { archives, postings, stoppedBy } = await one.archive({ postingsPerArchive: 1 });
    assert.deepEqual([postings, stoppedBy], [4, 'retention']);
    // The first batch has two rows.
    assert.deepEqual(
      archives.map(({ firstSequence, lastSequence }) => [firstSequence, lastSequence]),
      [
        [1n, 2n],
        [3n, 3n],
        [4n, 4n],
      ],
    );
    assert.deepEqual(await one.archive(), {
      book: one.code,
      archives: [],
      postings: 0,
      stoppedBy: 'retention',
      detail: null,
    });
    assert.deepEqual(await allFindings(one), []);
  });

  test('nothing that a reader of the events has not seen', async () => {
    const one = await old();
    const behind = `insert into kernel.consumer_checkpoint (book_id, consumer, position, updated_at) values ($1, 'slow', $2, '2041-01-01')`;
    const { rows } = await db.query<{ position: bigint }>(
      `select position from kernel.event where book_id = $1 and type = 'ledger.posted' order by position offset 1 limit 1`,
      [one.bookId],
    );
    await db.admin.query(behind, [one.bookId, rows[0]?.position]);
    const { postings, stoppedBy, detail } = await one.archive();
    assert.deepEqual([postings, stoppedBy, detail], [3, 'consumer', 'slow']);
  });

  test('the function that takes rows out refuses anything else', async () => {
    const one = await old();
    const take = (through: number) => db.query('select ledger.take_out($1, $2, null, null)', [one.bookId, through]);
    for (const [through, why] of [
      [1, /not the last of its batch/],
      [9, /has no row 9/],
      [0, /has no row 0/],
    ] as const) {
      await assert.rejects(take(through), why);
    }
    await one.seal('2026-03-01');
    await assert.rejects(take(2), /are sealed/);
    await assert.rejects(db.query('delete from ledger.carried_day'), { code: '42501' });
    await assert.rejects(db.query('update archive.archive set manifest = manifest'), { code: '42501' });
    assert.equal(await archiveEnd(db, one.bookId), null);
  });
});

suite('what is kept', () => {
  test('holds can be posted and voided, reversals of archived transfers are refused by name', async () => {
    const one = await old(({ ids: [debit, credit] }) => {
      const held = transfer(debit, credit, 100n, { kind: 'pending' });
      const other = transfer(debit, credit, 60n, { kind: 'pending' });
      const done = transfer(debit, credit, 5n, { kind: 'pending' });
      const paid = transfer(debit, credit, 9n);
      return [
        [held, other, done, paid],
        [about('post', held.id, { amount: 30n, keepRemainder: true }), about('post', done.id)],
      ];
    });
    const rows = await listTransfers(db, one.bookId, { limit: 10 });
    const [held = '', other = '', done = '', paid = ''] = rows.map(({ id }) => id);
    await one.archive();
    const open = await openPendings(db, one.bookId, { effectiveThrough: '9999-12-31', limit: 10 });
    assert.deepEqual(
      open.map(({ transfer: { id }, remaining }) => [id, remaining]),
      [
        [held, 70n],
        [other, 60n],
      ],
    );
    assert.deepEqual(
      codes(
        await ledger.post(one.code, [
          about('post', held, { amount: 71n }),
          about('post', held, { amount: 50n, keepRemainder: true }),
          about('void', other),
          about('void', done),
          about('reverse', paid, { effectiveDate: '2041-06-01' }),
          about('reverse', '00000000-0000-7000-8000-000000000000', { effectiveDate: '2041-06-01' }),
        ]),
      ),
      ['exceeds_pending', 'accepted', 'accepted', 'transfer_archived', 'transfer_archived', 'reversed_not_found'],
    );
    const answered = await readTransfer(db, one.bookId, paid);
    assert.deepEqual([answered.archived, answered.transfer], [true, null]);
    assert.equal((await readTransfer(db, one.bookId, held)).transfer?.amount, 100n);
    await evidence.catchUp(await findBook(db, one.code));
    assert.deepEqual(await allFindings(one), []);

    // In the next archive the hold has ended.
    await ledger.post(one.code, [about('void', held)]);
    await one.seal('2041-05-31');
    clock.set('2060-01-01T01:00:00Z');
    await one.seal('2059-12-31');
    await one.archive({ before: clock.now() });
    const { rows: left } = await db.query('select from ledger.journal where book_id = $1', [one.bookId]);
    assert.equal(left.length, 0);
    assert.deepEqual(await allFindings(one), []);
    assert.deepEqual(codes(await ledger.post(one.code, [about('post', held)])), ['transfer_archived']);
  });

  test('suspense items stay open item by item, and adjustments stay listed', async () => {
    const one = await old(({ ids: [debit, credit] }) => [
      [
        transfer(debit, credit, 100n, { reference: 'A' }),
        transfer(debit, credit, 40n, { reference: 'B', adjustment: true }),
      ],
      [transfer(credit, debit, 40n, { reference: 'B' })],
    ]);
    const [, suspense] = one.ids;
    await db.transaction((tx) =>
      markSuspenseAccount({ db, ledger, clock }, tx, one.code, suspense, true, { actor: 'ann', reason: 'why' }),
    );
    const items = () => suspenseItems(db, one.bookId, suspense, { date: '2041-06-01' as never });
    const before = await items();
    assert.equal(before.items.length, 2);
    await one.archive();
    assert.deepEqual(await items(), before);
    const adjustments = await listTransfers(db, one.bookId, { adjustment: true, limit: 10 });
    assert.deepEqual(
      adjustments.map(({ reference }) => reference),
      ['B'],
    );
    assert.deepEqual(await allFindings(one), []);
  });

  test('statements say what is archived; texts are in the archive and their salts no longer here', async () => {
    const one = await old();
    await one.archive();
    const told = await statement(db, one.bookId, one.ids[1], { from: '2026-02-01', to: '9999-12-31', limit: 10 });
    assert.deepEqual(told.archived, { before: '2026-03-03', debit: 0n, credit: 527n });
    assert.deepEqual([told.opening, told.closing, told.entries.length], [-30n, 498n, 1]);
    assert.equal(told.entries[0]?.balanceAfter, 498n);
    assert.equal(
      (await statement(db, one.bookId, one.ids[1], { from: '2030-01-01', to: '9999-12-31', limit: 10 })).archived,
      null,
    );
    const [first, second] = await shown(one, { accountId: one.ids[1], to: '2026-03-02', from: '2026-02-01' });
    assert.deepEqual([first?.description, first?.reference, second?.description], ['工资', 'R-1', null]);
    assert.deepEqual(await shown(one, { transferId: second?.id }), [second]);
    assert.deepEqual(await shown(one, { from: '2027-01-01' }), []);
    const { rows } = await db.query(
      'select first_sequence, octet_length(salts) as bytes from evidence.salt where book_id = $1',
      [one.bookId],
    );
    assert.deepEqual(rows, [{ first_sequence: 5n, bytes: 32 }], 'those of the posting that is not archived');
    await assert.rejects(evidence.prove(one.code, first?.id ?? ''), { code: 'evidence_posting_archived' });
    await assert.rejects(balanceAsOf(db, one.bookId, one.ids[0], '2026-03-02', '2026-03-02T00:00:00Z'), {
      code: 'archived',
    });
    let text = '';
    await exportBook(db, one.code, {
      format: 'hledger',
      write: (piece) => {
        text += piece;
      },
    });
    assert.match(text, /2026-01-31 \* archived postings of the day\n {4}\S+ {2}-0\.30 CNY\n {4}\S+ {2}0\.30 CNY\n/);
    assert.match(text, /= 4\.98 CNY/);
  });
});

suite('killed', () => {
  const program = join(import.meta.dirname, '../../../test/archive-process.ts');
  for (const step of ['written', 'checked', 'named', 'in_transaction', 'taken_out', 'nowhere']) {
    test(`at ${step}: all or nothing, and the next run goes on`, async () => {
      const one = await old();
      await evidence.catchUp(await findBook(db, one.code));
      const before = await everything(db, one.bookId);
      const words = [one.code, one.folder, midOf2030.toString(), step];
      const child = spawn(process.execPath, [program, ...words], {
        env: { ...process.env, ...db.environment },
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      const [, signal] = await once(child, 'close');
      assert.equal(signal, step === 'nowhere' ? null : 'SIGKILL');
      const done = step === 'taken_out' || step === 'nowhere';
      assert.equal((await archiveEnd(db, one.bookId))?.sequence ?? null, done ? 4n : null);
      if (!done) assert.deepEqual(await everything(db, one.bookId), before);
      assert.deepEqual(await allFindings(one), []);
      const { archives } = await one.archive();
      assert.equal(archives.length, done ? 0 : 1);
      assert.equal((await listArchives(db, one.bookId)).length, 1);
      assert.equal((await checkArchives(one.folder, [])).books[0]?.postings, 4);
      assert.deepEqual(await allFindings(one), []);
      const names = readdirSync(join(one.folder, one.code)).filter((name) => name !== '000001');
      // What was whole and never counted is moved aside, not thrown away.
      assert.equal(
        names.some((name) => name.startsWith('000001.aside-')),
        step === 'named' || step === 'in_transaction',
      );
    });
  }
});
