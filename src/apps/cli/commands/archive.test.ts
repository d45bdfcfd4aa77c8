/** `longmen retention` and `longmen archive` on a real database: from a policy to what an auditor reads. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import { openLedger } from '#engines/ledger';
import { manualClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import { testDatabase } from '#test/database';
import { timeZone, transfer } from '#test/ledger';
import { runCli } from '../program.ts';

const db = await testDatabase({ after });
const clock = manualClock('2010-05-04T01:00:00Z');
const ledger = openLedger({ db, clock, timeZone });
const [cash, fees] = [newId(), newId()];
await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
await db.transaction((tx) =>
  ledger.openAccounts(tx, 'main', [
    { id: cash, currency: 'CNY', code: '1001', side: 'debit' },
    { id: fees, currency: 'CNY', code: '6021', side: 'credit' },
  ]),
);
await ledger.post('main', [transfer(cash, fees, 1230n, { description: '手续费' }), transfer(cash, fees, 5n)]);
clock.set('2012-01-02T01:00:00Z');
await db.transaction((tx) =>
  ledger.setClosing(tx, 'main', { closedThrough: '2011-12-31', sealedThrough: '2011-12-31' }),
);
await ledger.close();
const folder = join(db.config.dataFolder, 'archives');

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
  return { code, document: JSON.parse(texts[0] || 'null') as Record<string, unknown>, notes: texts[1] ?? '' };
}

test('old postings are archived as the policy says, verified, and shown', async () => {
  const policies = (await longmen('retention', 'list')).document.policies as { kind: string; keep_days: number }[];
  assert.deepEqual([policies[0]?.kind, policies[0]?.keep_days], ['ledger_postings', 3_653]);
  const basis = ['--legal-basis', 'decision 7'];
  assert.equal((await longmen('retention', 'set', 'ledger_postings', '--days', 'forever', ...basis)).code, 0);
  assert.deepEqual((await longmen('archive', 'run', '--to', folder)).document, { books: [] });
  assert.equal((await longmen('retention', 'set', 'ledger_postings', '--days', 'soon', ...basis)).code, 2);
  assert.equal((await longmen('retention', 'set', 'ledger_postings', '--days', '3653', ...basis)).code, 0);

  assert.equal((await longmen('archive', 'run')).code, 2, 'nobody said where to');
  const { books } = (await longmen('archive', 'run', '--to', folder)).document as {
    books: { postings: number; stopped_by: string; archives: { manifest_sha256: string }[] }[];
  };
  assert.deepEqual([books[0]?.postings, books[0]?.stopped_by, books[0]?.archives.length], [2, 'nothing', 1]);
  const { archives } = (await longmen('archive', 'list')).document as { archives: { manifest_sha256: string }[] };
  assert.deepEqual(archives, books[0]?.archives);

  const { document, notes } = await longmen('archive', 'verify', folder, '--database');
  assert.deepEqual(document, {
    ok: true,
    books: [
      {
        book: 'main',
        archives: 1,
        first_sequence: '1',
        last_sequence: '2',
        postings: 2,
        manifest_sha256: archives[0]?.manifest_sha256,
      },
    ],
  });
  assert.match(notes, /Keys were taken from the archives themselves/);
  const { keys } = (await longmen('evidence', 'keys')).document as { keys: { verifier_key: string }[] };
  const signed = await longmen('archive', 'verify', folder, '--key', keys[0]?.verifier_key ?? '');
  assert.deepEqual([signed.code, signed.notes], [0, '']);
  const other = await longmen('archive', 'verify', folder, '--key', (keys[0]?.verifier_key ?? '').replace('l', 'm'));
  assert.match(other.notes, /archive_unsound/);

  const shown = await longmen('archive', 'show', '--from-folder', folder, '--account', fees, '--from', '2010-01-01');
  const { transfers } = shown.document as { transfers: { amount: string; description: string | null }[] };
  assert.deepEqual(
    transfers.map(({ amount, description }) => [amount, description]),
    [
      ['12.30', '手续费'],
      ['0.05', null],
    ],
  );
  assert.equal((await longmen('verify')).code, 0);
});
