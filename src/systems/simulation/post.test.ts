/** A simulated bank in a real book: posted by the ledger, sound, and its truth out of the application's reach. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openLedger, verify } from '#engines/ledger';
import { manualClock } from '#kernel/clock';
import { parseInstant } from '#kernel/dates';
import { previewParties } from '#systems/parties';
import { testDatabase } from '#test/database';
import { loadParameters, loadTypologies, simulateToBook, simulateToFiles } from './index.ts';

const db = await testDatabase({ after });
const clock = manualClock(parseInstant('2026-03-01T01:00:00Z'));
const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
after(() => ledger.close());
const deps = { db, ledger, clock };
const parameters = loadParameters(undefined, { customers: 300, days: 6, truth: { prevalence: 0.02 } });

test('every transfer is accepted, the book is sound, and the same again posts nothing', async () => {
  const first = await simulateToBook(deps, 'simulated', parameters, loadTypologies(undefined));
  const journal = async () => {
    const { rows } = await db.query<{ count: bigint }>('select count(*) from ledger.transfer');
    return rows[0]?.count;
  };
  assert.ok(first.transactions > 1_500 && first.posted > first.transactions);
  assert.equal(await journal(), BigInt(first.posted));
  assert.deepEqual(await simulateToBook(deps, 'simulated', parameters, loadTypologies(undefined)), first);
  assert.equal(await journal(), BigInt(first.posted));
  const report = await verify(db);
  assert.deepEqual(report.findings, []);
});

test('neither the application nor the staff can read the truth; the owner can', async () => {
  for (const table of ['truth_pattern', 'truth_account', 'truth_transaction']) {
    for (const role of ['longmen_app', 'longmen_staff']) {
      await assert.rejects(
        db.transaction(async (tx) => {
          if (role === 'longmen_staff') await tx.query('set local role longmen_staff');
          await tx.query(`select * from simulation.${table}`);
        }),
        /permission denied/,
        `${role} ${table}`,
      );
    }
    for (const statement of [
      `delete from simulation.${table}`,
      `update simulation.${table} set book_id = 2`,
      `insert into simulation.${table} (book_id) values (1)`,
    ]) {
      await assert.rejects(db.query(statement), /permission denied/);
    }
    const { rows } = await db.admin.query<{ count: bigint }>(`select count(*) from simulation.${table}`);
    assert.ok((rows[0]?.count ?? 0n) > 5n, table);
  }
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.query('set local role longmen_staff');
      await tx.query(
        `select simulation.tell_truth(1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
      );
    }),
    /permission denied/,
  );
});

test('a book of something else is left alone', async () => {
  const { createBook } = await import('#kernel/events');
  await db.transaction((tx) => createBook(tx, { code: 'real', name: 'A real bank' }, clock));
  await assert.rejects(simulateToBook(deps, 'real', parameters, []), { code: 'book_exists_differently' });
});

test('the people can be imported as parties: every name, number and address passes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'longmen-simulated-parties-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await simulateToFiles({ ...parameters, days: 1 }, [], folder);
  const preview = await previewParties({ db, clock, timeZone: 'Asia/Shanghai' }, join(folder, 'parties.csv'), {
    source: 'simulated',
  });
  assert.deepEqual([preview.rows, preview.refused, preview.same], [300, 0, 0]);
});
