import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { it, type TestContext } from 'node:test';
import { openLedger } from '#engines/ledger';
import { manualClock } from '#kernel/clock';
import { LongmenError } from '#kernel/errors';
import { createBook, headPosition } from '#kernel/events';
import { importBerka } from '#systems/imports';
import { testDatabase } from '#test/database';
import { listRights } from '../rights/service.ts';
import { readParty } from '../service.ts';
import { importBerkaClients } from './berka.ts';
import { importedPartyId } from './model.ts';

const clock = manualClock('2026-03-02T01:00:00Z');

async function bank(t: TestContext) {
  const db = await testDatabase(t);
  const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
  t.after(() => ledger.close());
  const main = await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
  const deps = { db, clock, ledger, timeZone: 'Asia/Shanghai' };
  return { deps, head: () => headPosition(db, main.bookId) };
}

it('a bank that was not imported has no clients', async (t) => {
  const { deps } = await bank(t);
  const code = (expected: string) => (error: unknown) => error instanceof LongmenError && error.code === expected;
  await assert.rejects(() => importBerkaClients(deps), code('book_not_found'));
  await assert.rejects(() => importBerkaClients(deps, { book: 'main' }), code('party_import_book_missing'));
});

const folder = join(resolve(process.env.LONGMEN_SHARED ?? '../shared'), 'data', 'berka');
const skip = existsSync(folder) ? false : `no real data: ${folder} (see LONGMEN_SHARED) does not exist`;

it('every client of a real bank becomes a party with its rights, once', { skip }, async (t) => {
  const { deps, head } = await bank(t);
  await importBerka(deps, folder);
  const counts = { clients: 5_369, parties: 5_369, rights: 5_369, owners: 4_500, authorised: 869 };
  assert.deepEqual(await importBerkaClients(deps), { ...counts, created: 5_369, given: 5_369 });
  const before = await head();
  assert.deepEqual(await importBerkaClients(deps), { ...counts, created: 0, given: 0 });
  assert.equal(await head(), before);
  // Birth number 706213: fifty more in the month is a woman.
  const first = await readParty(deps.db, importedPartyId('berka.berka', '1'));
  assert.deepEqual([first.name, first.birthDate, first.sex], ['Client 1', '1970-12-13', 'female']);
  const rights = await listRights(deps.db, first.id);
  assert.deepEqual(
    rights.map(({ kind, currency }) => [kind, currency]),
    [['owner', 'CZK']],
  );
});
