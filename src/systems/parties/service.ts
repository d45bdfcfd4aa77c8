/** Creating, changing and reading parties: the only code that writes them and what hangs on them. */
import { accessError } from '#kernel/access';
import type { Clock } from '#kernel/clock';
import { asSystem, currentContext } from '#kernel/context';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { instantText, isoDateOf } from '#kernel/dates';
import { appendEvents, type EventInput, findBook } from '#kernel/events';
import { canonicalUuid, newId } from '#kernel/ids';
import { type CheckedLists, calledBy, checkedFacts, checkedLists, checkedParty, type Lists } from './checked.ts';
import { partyError } from './errors.ts';
import { checkIdentifier } from './identifiers/identifiers.ts';
import { type PartyInput, type Sex, searchKey } from './model.ts';
import * as store from './store.ts';
import { survivorOf } from './survivor.ts';
import { indexParties } from './uniqueness/facts.ts';

/** What the room works with. */
export interface PartyDeps {
  readonly db: Database;
  readonly clock: Clock;
  /** In which a day begins and ends. */
  readonly timeZone: string;
}

export interface CreateOptions {
  /** Takes in documents that have run out: for parties known for long. */
  readonly acceptExpired?: boolean | undefined;
}

/** What is to be different from now on. */
export interface PartyChange {
  readonly birthDate?: string | null | undefined;
  readonly sex?: Sex | null | undefined;
  readonly nationality?: string | null | undefined;
  readonly foundedOn?: string | null | undefined;
  readonly state?: 'active' | 'closed' | undefined;
  /** Names, identifiers, addresses and contacts that hold, too. */
  readonly add?: Lists | undefined;
  /** Ids of names, identifiers, addresses and contacts that no longer hold. */
  readonly end?: readonly string[] | undefined;
}

export const CREATE_LIMIT = 1_000;

/** The business date. */
export function today({ clock, timeZone }: Pick<PartyDeps, 'clock' | 'timeZone'>): string {
  return isoDateOf(clock.now(), timeZone);
}

/**
 * Creates parties, all or none. The same party again under its id changes nothing.
 *
 * @returns ids in the order given
 * @throws party_invalid, party_different, scope_too_narrow, and those of `checkedParty`
 */
export async function createParties(
  deps: PartyDeps,
  tx: Transaction,
  inputs: readonly PartyInput[],
  { acceptExpired = false }: CreateOptions = {},
): Promise<string[]> {
  if (inputs.length > CREATE_LIMIT) throw partyError('party_invalid', `At most ${CREATE_LIMIT} parties at once`);
  const rules = { today: today(deps), acceptExpired };
  const parties = inputs.map((input) => ({ id: partyId(input.id), ...checkedParty(input, rules) }));
  await checkUnits(tx, new Set(parties.map(({ unitId }) => unitId)));
  const ids = parties.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw partyError('party_invalid', 'An id is given twice');
  const before = await asSystem(() => store.fingerprints(tx, ids));
  const fresh = parties.filter(({ id, sha256 }) => {
    const known = before.get(id);
    if (known === undefined) return true;
    if (known === sha256) return false;
    throw partyError('party_different', `The id ${id} was used for another party`, { id });
  });
  if (fresh.length === 0) return ids;

  const at = instantText(deps.clock.now());
  const { actor } = currentContext();
  await store.addRows(
    tx,
    'party',
    fresh.map((party) => ({
      party_id: party.id,
      unit_id: party.unitId,
      kind: party.kind,
      name: party.name,
      birth_date: party.birthDate,
      sex: party.sex,
      nationality: party.nationality,
      founded_on: party.foundedOn,
      state: 'active',
      version: 1,
      content_sha256: party.sha256,
      created_at: at,
      created_by: actor.id,
      changed_at: at,
    })),
  );
  await addLists(deps, tx, fresh, at);
  await indexParties(
    tx,
    fresh.map(({ id }) => id),
  );
  await publish(
    deps,
    tx,
    fresh.map(({ id, kind, unitId }) => ({
      type: 'parties.created',
      subject: id,
      payload: { party_id: id, kind, unit_id: unitId },
    })),
  );
  return ids;
}

/**
 * Changes a party (the survivor, when it was merged), all or nothing.
 *
 * @param version that of the party as the caller saw it
 * @throws party_not_found, party_version_conflict, party_closed, party_invalid, and those of `checkedParty`
 */
export async function changeParty(
  deps: PartyDeps,
  tx: Transaction,
  id: string,
  version: number,
  change: PartyChange,
): Promise<store.Party> {
  const survivor = await survivorOf(tx, id);
  const row = await store.lockParty(tx, survivor);
  if (row === undefined) throw partyError('party_not_found', `No party ${survivor}`);
  if (row.version !== version) {
    const detail = `The party has version ${row.version}; read it again and decide anew`;
    throw partyError('party_version_conflict', detail, { version: row.version });
  }
  if (row.state === 'closed' && change.state !== 'active') throw partyError('party_closed', 'The party is closed');
  const held = await store.holdingsOf(tx, survivor);
  const at = instantText(deps.clock.now());
  const rules = { today: today(deps) };

  const end = [...new Set((change.end ?? []).map(partyId))];
  const members = [survivor, ...held.mergedIds];
  let ended = 0;
  if (end.length > 0) {
    for (const table of ['party_name', 'identifier', 'address', 'contact'] as const) {
      ended += await store.endRows(tx, table, members, end, at);
    }
  }
  if (ended < end.length) throw partyError('party_invalid', 'What is to end is not, or no longer, of this party');

  const added = withoutKnown(checkedLists(row.kind, change.add ?? {}, rules), held, new Set(end));
  await addLists(deps, tx, [{ id: survivor, ...added }], at, held.names.length);

  const left = await store.holdingsOf(tx, survivor);
  const readings = left.identifiers.flatMap((identifier) => {
    const check = checkIdentifier(identifier, { ...rules, acceptExpired: true });
    return check.ok ? [check.identifier] : [];
  });
  const { birthDate = row.birthDate, sex = row.sex, nationality = row.nationality, foundedOn = row.foundedOn } = change;
  const facts = checkedFacts(row.kind, { birthDate, sex, nationality, foundedOn }, readings, rules.today);
  const state = change.state ?? row.state;
  await store.saveParty(tx, { ...row, ...facts, name: calledBy(left.names), state }, at);
  await indexParties(tx, members);
  await publish(deps, tx, [changed(survivor, 'party')]);
  return readParty(tx, survivor);
}

/** A party with all that hangs on it at present; of a merged one, the survivor. Error: `party_not_found`. */
export async function readParty(db: Queryable, id: string): Promise<store.Party> {
  const survivor = await survivorOf(db, id);
  const row = (await store.findParties(db, [survivor])).get(survivor);
  if (row === undefined) throw partyError('party_not_found', `No party ${survivor}`);
  return { ...row, ...(await store.holdingsOf(db, survivor)) };
}

/** The event that something of a party changed: ids only, what it is now is read. */
export function changed(id: string, what: 'party' | 'consent' | 'relation' | 'account_right' | 'verification') {
  return { type: 'parties.changed', subject: id, payload: { party_id: id, what } };
}

/** Parties are in no book: their events stand in the institution's own, 'main'. Call last in a transaction. */
export async function publish(
  deps: Pick<PartyDeps, 'clock'>,
  tx: Transaction,
  events: readonly EventInput[],
): Promise<void> {
  await asSystem(async () => {
    const { bookId } = await findBook(tx, 'main');
    await appendEvents(tx, bookId, deps.clock, events);
  });
}

/** A UUID as it is kept. Error: `party_invalid`. */
export function partyId(text: string): string {
  const id = canonicalUuid(text);
  if (id === undefined) throw partyError('party_invalid', `'${text.slice(0, 60)}' is no UUID`);
  return id;
}

async function checkUnits(tx: Transaction, unitIds: ReadonlySet<number>): Promise<void> {
  const { visibility } = currentContext();
  for (const unitId of unitIds) {
    if (visibility !== 'all' && !visibility.includes(unitId)) {
      throw accessError('scope_too_narrow', 'The permission does not reach the unit of the party');
    }
  }
  const { rowCount } = await tx.query('select from kernel.unit where unit_id = any ($1::int[]) and closed_at is null', [
    [...unitIds],
  ]);
  if (rowCount < unitIds.size) throw partyError('party_invalid', 'The unit of the party does not exist or is closed');
}

async function addLists(
  { clock }: PartyDeps,
  tx: Transaction,
  parties: readonly (CheckedLists & { readonly id: string })[],
  at: string,
  firstPlace = 0,
): Promise<void> {
  const base = (id: string) => ({ party_id: id, recorded_at: at });
  await store.addRows(
    tx,
    'party_name',
    parties.flatMap(({ id, names }) =>
      names.map((name, index) => ({
        name_id: newId(clock),
        ...base(id),
        ...name,
        search_key: searchKey(name.value),
        place: firstPlace + index,
      })),
    ),
  );
  await store.addRows(
    tx,
    'identifier',
    parties.flatMap(({ id, identifiers }) =>
      identifiers.map(({ kind, country, value, issuedBy, issuedOn, expiresOn }) => ({
        identifier_id: newId(clock),
        ...base(id),
        kind,
        country,
        value,
        issued_by: issuedBy,
        issued_on: issuedOn,
        expires_on: expiresOn,
      })),
    ),
  );
  await store.addRows(
    tx,
    'address',
    parties.flatMap(({ id, addresses }) =>
      addresses.map(({ kind, country, divisionCode, line, postalCode }) => ({
        address_id: newId(clock),
        ...base(id),
        kind,
        country,
        division_code: divisionCode,
        line,
        postal_code: postalCode,
      })),
    ),
  );
  await store.addRows(
    tx,
    'contact',
    parties.flatMap(({ id, contacts }) =>
      contacts.map((contact) => ({ contact_id: newId(clock), ...base(id), ...contact })),
    ),
  );
}

/** What of the lists does not hold already. */
function withoutKnown(lists: CheckedLists, held: store.Holdings, ended: ReadonlySet<string>): CheckedLists {
  const fresh = <Item extends object>(items: readonly Item[], known: readonly ({ id: string } & object)[]): Item[] => {
    const has = (one: object, key: string) => (one as Record<string, unknown>)[key];
    return items.filter(
      (item) =>
        !known.some(
          (one) => !ended.has(one.id) && Object.entries(item).every(([key, value]) => has(one, key) === value),
        ),
    );
  };
  return {
    names: fresh(lists.names, held.names),
    identifiers: lists.identifiers.filter(
      (item) =>
        fresh(
          [{ kind: item.kind, country: item.country, value: item.value, expiresOn: item.expiresOn }],
          held.identifiers,
        ).length > 0,
    ),
    addresses: fresh(lists.addresses, held.addresses),
    contacts: fresh(lists.contacts, held.contacts),
  };
}
