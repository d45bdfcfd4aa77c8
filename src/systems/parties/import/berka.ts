/** The clients of an imported Berka bank as parties, with their rights to its accounts. */
import { createHash } from 'node:crypto';
import { type Queryable, uuidArray } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { findBook } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { type BerkaClient, type BerkaRight, berkaClients, berkaRights } from '#systems/imports';
import type { PartyInput } from '../model.ts';
import { giveRight } from '../rights/service.ts';
import { createParties, type PartyDeps } from '../service.ts';
import { partyImportError } from './errors.ts';
import { importedPartyId } from './model.ts';

export interface BerkaClientsOptions {
  /** Code of the book the bank was imported into. Default `berka`. */
  readonly book?: string | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** The names are those of the JSON document. */
export interface BerkaClientsResult {
  /** Clients of the bank. */
  readonly clients: number;
  /** Of these, those that are parties now. */
  readonly parties: number;
  /** Of these, those that were made by this run. */
  readonly created: number;
  readonly rights: number;
  readonly owners: number;
  readonly authorised: number;
  /** Rights given by this run. */
  readonly given: number;
}

const AT_ONCE = 500;

/**
 * Makes every client of the bank in a book a party of the institution, named by its number, since the bank published no
 * names, and gives it the rights it had. The bank's own numbers tell its clients apart, so no cases are opened. The same again changes
 * nothing. Errors: `book_not_found`, `party_import_book_missing`.
 */
export async function importBerkaClients(
  deps: PartyDeps,
  { book = 'berka', onProgress = () => undefined }: BerkaClientsOptions = {},
): Promise<BerkaClientsResult> {
  const { db } = deps;
  const { bookId } = await findBook(db, book);
  const source = `berka.${book}`;
  const clients = await berkaClients(db, bookId);
  if (clients.length === 0) {
    throw partyImportError('party_import_book_missing', `No clients in the book ${book}: import the bank first`);
  }
  const rights = await berkaRights(db, bookId);
  const total = clients.length + rights.length;
  let created = 0;
  for (let start = 0; start < clients.length; start += AT_ONCE) {
    created += await addClients(deps, source, clients.slice(start, start + AT_ONCE));
    onProgress(Math.min(start + AT_ONCE, clients.length), total);
  }
  let given = 0;
  for (let start = 0; start < rights.length; start += AT_ONCE) {
    given += await addRights(deps, { source, book }, rights.slice(start, start + AT_ONCE));
    onProgress(clients.length + Math.min(start + AT_ONCE, rights.length), total);
  }
  const owners = rights.filter(({ role }) => role === 'owner').length;
  return {
    clients: clients.length,
    parties: await countParties(db, source),
    created,
    rights: rights.length,
    owners,
    authorised: rights.length - owners,
    given,
  };
}

function partyOf(source: string, { clientId, birthDate, sex, district, region }: BerkaClient): PartyInput {
  return {
    id: importedPartyId(source, String(clientId)),
    unitId: 1,
    kind: 'person',
    names: [{ kind: 'legal', value: `Client ${clientId}` }],
    birthDate,
    sex,
    addresses: [{ kind: 'residence', country: 'CZE', line: `${district}, ${region}` }],
  };
}

function addClients(deps: PartyDeps, source: string, clients: readonly BerkaClient[]): Promise<number> {
  const parties = clients.map((client) => partyOf(source, client));
  return deps.db.transaction(async (tx) => {
    await createParties(deps, tx, parties);
    const { rowCount } = await tx.query(
      `insert into parties.imported (source, external_key, content_sha256, action, party_id, recorded_at)
       select $1, u.key, u.sha256, 'created', u.id, $5 from unnest($2::text[], $3::text[], $4::uuid[]) as u (key, sha256, id)
       on conflict do nothing`,
      [
        source,
        clients.map(({ clientId }) => String(clientId)),
        parties.map((party) => createHash('sha256').update(JSON.stringify(party)).digest('hex')),
        uuidArray(parties, ({ id }) => id),
        instantText(deps.clock.now()),
      ],
    );
    return rowCount;
  });
}

function addRights(
  deps: PartyDeps,
  { source, book }: { readonly source: string; readonly book: string },
  rights: readonly BerkaRight[],
): Promise<number> {
  const idOf = ({ rightId }: BerkaRight) => deterministicId('parties.import.right', source, String(rightId));
  return deps.db.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'select right_id as id from parties.account_right where right_id = any ($1::uuid[])',
      [uuidArray(rights, idOf)],
    );
    const known = new Set(rows.map(({ id }) => id));
    const fresh = rights.filter((right) => !known.has(idOf(right)));
    for (const right of fresh) {
      await giveRight(deps, tx, {
        id: idOf(right),
        partyId: importedPartyId(source, String(right.clientId)),
        book,
        accountId: right.accountId,
        kind: right.role === 'owner' ? 'owner' : 'authorised',
        currency: 'CZK',
        perTransactionMinor: null,
        perDayMinor: null,
        validFrom: `${right.since}T00:00:00Z`,
        validUntil: null,
      });
    }
    return fresh.length;
  });
}

async function countParties(db: Queryable, source: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*)::int as count from parties.imported where source = $1 and party_id is not null',
    [source],
  );
  return rows[0]?.count ?? 0;
}
