/** Rights of parties on accounts of the ledger: given, ended, asked for and used. */
import { readAccount } from '#engines/ledger';
import { asSystem } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText, isoDateOf, isValidInstant, parseInstant, Temporal } from '#kernel/dates';
import { findBook } from '#kernel/events';
import type { Money } from '#kernel/money';
import { partyError } from '../errors.ts';
import { guardiansOf } from '../relations/service.ts';
import { changed, type PartyDeps, partyId, publish } from '../service.ts';
import { survivorOf } from '../survivor.ts';
import { type AccountRight, type MayAct, mayActOn, type Situation } from './model.ts';

const columns = `t.right_id as id, parties.survivor_of(t.party_id) as "partyId", (select b.code from kernel.book b where b.book_id = t.book_id) as book,
  t.account_id as "accountId", t.kind, t.currency, t.per_transaction_minor as "perTransactionMinor",
  t.per_day_minor as "perDayMinor", t.valid_from as "validFrom", t.valid_until as "validUntil"`;

/**
 * Gives a party a right to an account; the same again under its id changes nothing. A guardian's right needs an owner
 * of the account whose guardian the party is.
 *
 * @throws party_not_found, book_not_found, account_not_found, account_right_invalid, account_right_different
 */
export async function giveRight(deps: PartyDeps, tx: Transaction, input: AccountRight): Promise<AccountRight> {
  const invalid = (detail: string) => partyError('account_right_invalid', detail);
  const instants = [input.validFrom, input.validUntil].map((text) => {
    if (text === null) return null;
    if (!isValidInstant(text)) throw invalid('Instants have the form of RFC 3339');
    return instantText(parseInstant(text));
  });
  const [validFrom = null, validUntil = null] = instants;
  if (validFrom === null) throw invalid('A right begins at an instant');
  if (validUntil !== null && validUntil <= validFrom) throw invalid('The end comes after the beginning');
  for (const limit of [input.perTransactionMinor, input.perDayMinor]) {
    if (limit !== null && limit < 0n) throw invalid('A limit is not below zero');
  }
  const right: AccountRight = {
    ...input,
    id: partyId(input.id),
    partyId: await survivorOf(tx, input.partyId),
    accountId: partyId(input.accountId),
    validFrom,
    validUntil,
  };
  const { bookId } = await asSystem(() => findBook(tx, right.book));
  const account = await readAccount(tx, bookId, right.accountId);
  if (account.currency !== right.currency) throw invalid(`The account is in ${account.currency}`);
  await lockAccount(tx, right.accountId);
  const all = await asSystem(() => rightsOnAccount(tx, right.accountId));
  if (right.kind === 'guardian') {
    const owners = all.filter(({ kind }) => kind !== 'authorised' && kind !== 'guardian').map((other) => other.partyId);
    const day = isoDateOf(parseInstant(validFrom), deps.timeZone);
    const guardians = await asSystem(() => guardiansOf(tx, owners, day));
    if (!guardians.has(right.partyId)) throw invalid('The party is the guardian of no owner of the account');
  }
  const { rowCount } = await tx.query(
    `insert into parties.account_right (right_id, party_id, book_id, account_id, kind, currency, per_transaction_minor,
       per_day_minor, valid_from, valid_until, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
    [
      right.id,
      right.partyId,
      bookId,
      right.accountId,
      right.kind,
      right.currency,
      right.perTransactionMinor,
      right.perDayMinor,
      validFrom,
      validUntil,
      instantText(deps.clock.now()),
    ],
  );
  if (rowCount === 1) {
    await publish(deps, tx, [changed(right.partyId, 'account_right')]);
    return right;
  }
  const stored = all.find(({ id }) => id === right.id);
  const ended = right.validUntil === null || right.validUntil === stored?.validUntil;
  const fixed = ['partyId', 'accountId', 'kind', 'perTransactionMinor', 'perDayMinor', 'validFrom'] as const;
  if (stored !== undefined && ended && fixed.every((key) => stored[key] === right[key])) return stored;
  throw partyError('account_right_different', `The id ${right.id} was used for another right`);
}

/** Ends a right from now on; ending it again changes nothing. Error: `account_right_not_found`. */
export async function endRight(deps: PartyDeps, tx: Transaction, party: string, id: string): Promise<AccountRight> {
  const holder = await survivorOf(tx, party);
  const found = (await listRights(tx, holder)).find((right) => right.id === partyId(id));
  if (found === undefined) throw partyError('account_right_not_found', `No right ${id} of this party`);
  const now = instantText(deps.clock.now());
  if (found.validUntil !== null && found.validUntil <= now) return found;
  // One that has not begun yet never holds: it ends a moment after its beginning.
  const beginning = parseInstant(found.validFrom).add({ microseconds: 1 });
  const end = found.validFrom < now ? now : instantText(beginning);
  await lockAccount(tx, found.accountId);
  await tx.query('update parties.account_right set valid_until = $2 where right_id = $1', [found.id, end]);
  await publish(deps, tx, [changed(holder, 'account_right')]);
  return { ...found, validUntil: end };
}

/** All rights of a party, also those that ended, by their beginning. */
export async function listRights(db: Queryable, party: string): Promise<AccountRight[]> {
  const { rows } = await db.query<AccountRight>(
    `select ${columns} from parties.account_right t where t.party_id in (select parties.members_of($1))
     order by t.valid_from, t.right_id`,
    [await survivorOf(db, party)],
  );
  return rows;
}

export interface ActOptions {
  /** In which a day begins and ends; default that of China. */
  readonly timeZone?: string | undefined;
  /** Parties who act together with this one. */
  readonly together?: readonly string[] | undefined;
}

/**
 * Whether a party may act on an account with an amount at an instant (RFC 3339). Rights of other parties and the
 * guardianship are looked up wherever they are. Error: `party_not_found`.
 */
export async function mayAct(
  db: Queryable,
  party: string,
  accountId: string,
  amount: Money,
  at: string,
  { timeZone = 'Asia/Shanghai', together = [] }: ActOptions = {},
): Promise<MayAct> {
  const instant = parseInstant(at);
  const day = isoDateOf(instant, timeZone);
  const holder = await survivorOf(db, party);
  return asSystem(async () => {
    const rights = await rightsOnAccount(db, partyId(accountId));
    const others: string[] = [];
    for (const other of together) others.push(await survivorOf(db, other));
    const act = { partyId: holder, together: others, ...amount, at: instantText(instant) };
    return mayActOn(act, await situation(db, rights, day));
  });
}

/**
 * Acts by a right: decides as {@link mayAct} does, one act on the account after the other, and counts the amount
 * against the limit per day. The same reference again counts once. Call it in the transaction that does the act.
 *
 * @throws party_not_found, account_right_refused (`reason`, `missing`), account_right_invalid (amount, reference)
 */
export async function useRight(
  deps: PartyDeps,
  tx: Transaction,
  act: {
    readonly partyId: string;
    readonly accountId: string;
    readonly amount: Money;
    readonly reference: string;
    readonly together?: readonly string[] | undefined;
  },
): Promise<{ readonly rightId: string }> {
  if (act.amount.amountMinor <= 0n) throw partyError('account_right_invalid', 'An act has an amount above zero');
  if (!/^[\p{L}\p{N}._:/-]{1,128}$/u.test(act.reference)) {
    throw partyError('account_right_invalid', 'A reference has 1 to 128 letters, digits and . _ : / -');
  }
  const now = instantText(deps.clock.now());
  const day = isoDateOf(Temporal.Instant.from(now), deps.timeZone);
  await lockAccount(tx, act.accountId);
  const repeated = await asSystem(() =>
    tx.query<{ rightId: string; amountMinor: bigint }>(
      `select u.right_id as "rightId", u.amount_minor as "amountMinor" from parties.account_right_use u
       join parties.account_right t using (right_id) where t.account_id = $1 and u.reference = $2`,
      [partyId(act.accountId), act.reference],
    ),
  );
  const [before] = repeated.rows;
  if (before !== undefined) {
    if (before.amountMinor === act.amount.amountMinor) return { rightId: before.rightId };
    throw partyError('account_right_invalid', 'The reference was used for another amount');
  }
  const { timeZone } = deps;
  const decided = await mayAct(tx, act.partyId, act.accountId, act.amount, now, { timeZone, together: act.together });
  if (!decided.allowed) {
    const { code: reason, missing } = decided;
    throw partyError('account_right_refused', `The party may not do this: ${reason}`, { reason, missing });
  }
  await tx.query(
    `insert into parties.account_right_use (right_id, reference, business_date, amount_minor, recorded_at)
     values ($1, $2, $3, $4, $5)`,
    [decided.rightId, act.reference, day, act.amount.amountMinor, now],
  );
  return { rightId: decided.rightId };
}

/** One change of an account's rights or use of them at a time, until the end of the transaction. */
async function lockAccount(tx: Transaction, accountId: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `parties.account_right/${accountId.toLowerCase()}`,
  ]);
}

async function rightsOnAccount(db: Queryable, accountId: string): Promise<AccountRight[]> {
  const { rows } = await db.query<AccountRight>(
    `select ${columns} from parties.account_right t where t.account_id = $1 order by t.valid_from, t.right_id`,
    [accountId],
  );
  return rows;
}

async function situation(db: Queryable, rights: readonly AccountRight[], day: string): Promise<Situation> {
  const { rows } = await db.query<{ rightId: string; usedMinor: string }>(
    `select right_id as "rightId", sum(amount_minor)::numeric as "usedMinor" from parties.account_right_use
     where right_id = any ($1::uuid[]) and business_date = $2 group by right_id`,
    [rights.map(({ id }) => id), day],
  );
  const owners = rights.filter(({ kind }) => kind !== 'authorised' && kind !== 'guardian');
  return {
    rights,
    usedMinor: new Map(rows.map(({ rightId, usedMinor }) => [rightId, BigInt(usedMinor)])),
    guardians: await guardiansOf(
      db,
      owners.map(({ partyId: owner }) => owner),
      day,
    ),
  };
}
