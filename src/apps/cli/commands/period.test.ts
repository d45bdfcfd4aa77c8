/** `longmen chart` and `longmen period` on a real database: from a chart to a sealed year. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { openLedger } from '#engines/ledger';
import { systemClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import { timeZone, transfer } from '#test/ledger';
import { runCli } from '../program.ts';

const db = await testDatabase({ after });
const clock = systemClock();
const ledger = openLedger({ db, clock, timeZone });
await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));

/** Runs a command line; gives its exit code, the document it printed with --json, and what it noted. */
async function longmen(...words: string[]) {
  const texts = ['', ''];
  const [stdout, stderr] = [0, 1].map(
    (index) =>
      new Writable({
        decodeStrings: false,
        write(text: string, _encoding, done) {
          texts[index] += text;
          done();
        },
      }),
  );
  assert.ok(stdout !== undefined && stderr !== undefined);
  const { signal } = new AbortController();
  const code = await runCli([...words, '--json'], { stdout, stderr, env: { ...db.environment }, signal });
  return { code, document: JSON.parse(texts[0] ?? '') as Record<string, unknown>, notes: texts[1] };
}

test('a chart is loaded and shown, a year closed, ended, sealed and re-opened', async () => {
  assert.deepEqual((await longmen('chart', 'load', 'asbe', '--actor', 'Li Wei')).document, {
    codes: 208,
    added: 208,
    renamed: 0,
    joined: 0,
  });
  const [cash, fees] = [newId(), newId()];
  await db.transaction((tx) =>
    ledger.openAccounts(tx, 'main', [
      { id: cash, currency: 'CNY', code: '1001', side: 'debit' },
      { id: fees, currency: 'CNY', code: '6021', side: 'credit' },
      { id: newId(), currency: 'CNY', code: '7777', side: 'debit' },
    ]),
  );
  await ledger.post('main', [transfer(cash, fees, 1230n, { effectiveDate: '2024-12-31' })]);
  const shown = await longmen('chart', 'show');
  assert.equal((shown.document.entries as unknown[]).length, 208);
  assert.match(shown.notes ?? '', /1 accounts in CNY on 7777: not in chart/);

  const period = (found: { document: Record<string, unknown> }) => found.document.period as { state: string };
  const closed = await longmen('period', 'close', '2024', '--pending-limit', '60');
  assert.deepEqual([closed.code, period(closed).state], [0, 'closed']);
  assert.match(closed.notes ?? '', /1 codes in use are not in the chart/);
  const early = await longmen('period', 'seal', '2024-12');
  assert.deepEqual([early.code, (early.document.error as { code: string }).code], [1, 'period_check_failed']);
  const made = await longmen('period', 'year-end', '2024');
  assert.deepEqual(made.document.results, [{ currency: 'CNY', profit: '12.30' }]);
  assert.equal(period(await longmen('period', 'seal', '2024-12')).state, 'sealed');
  assert.equal((await longmen('period', 'reopen', '2024-12')).code, 2, 'a reason is needed');
  const reopened = await longmen('period', 'reopen', '2024-12', '--reason', 'audit');
  assert.deepEqual(reopened.document.year_ends_undone, [2024]);
  const [first] = (await longmen('period', 'list')).document.periods as { last_action: { actor: string } }[];
  assert.ok((first?.last_action.actor ?? '').length > 0, 'the system user');
  assert.equal((await longmen('period', 'year-end', 'soon')).code, 1);
  assert.equal((await longmen('period', 'close', '2024-12', '--pending-limit', 'x')).code, 1);
});
