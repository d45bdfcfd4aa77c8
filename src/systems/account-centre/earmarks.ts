/**
 * Earmarks (圈存、专款): part of what is on an account, set aside for a purpose. An earmark is a pending transfer of the
 * ledger into a technical account beside the account, so the ledger keeps it out of what is available and ends it when it
 * expires. To use it is one chain: the hold is voided, the amount goes to the payee, the rest is held again.
 */
import { type Attachment, type Ledger, type Outcome, readAccounts, type TransferInput } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import { type Database, isStorable } from '#kernel/database';
import { instantText, parseInstant } from '#kernel/dates';
import { wakeConsumers } from '#kernel/events';
import { canonicalUuid, deterministicId } from '#kernel/ids';
import { type Earmark, type EarmarkFilter, hold, readEarmarks, stepStatement, useBefore } from './earmark-store.ts';
import { centreError } from './errors.ts';
import { customerKey, earmarkAccountOf } from './model.ts';
import { checkHand, type Hand } from './service.ts';
import { placesOf } from './store.ts';

export interface EarmarkInput {
  /** UUID of the caller; the same again changes nothing. */
  readonly id: string;
  readonly accountId: string;
  /** Minor units. */
  readonly amount: bigint;
  /** What for, 1 to 200 characters. */
  readonly purpose: string;
  /** RFC 3339: until then; default until it is used or released. */
  readonly expiresAt?: string | undefined;
}

export interface UseInput {
  /** UUID of the caller; the same again changes nothing. */
  readonly id: string;
  readonly toAccountId: string;
  /** Minor units; default all that is left. */
  readonly amount?: bigint | undefined;
  readonly description?: string | undefined;
  readonly reference?: string | undefined;
}

export interface EarmarkDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export interface Earmarks {
  /**
   * Sets an amount aside. Errors: `earmark_invalid`, `earmark_different`, `account_not_in_tree`, and `earmark_refused`
   * with the ledger's `code`; a refused id stays refused.
   */
  set(book: string, input: EarmarkInput, hand: Hand): Promise<Earmark>;
  /**
   * Pays out of an earmark: all of it happens or nothing. Errors: `earmark_invalid`, `earmark_not_found`,
   * `earmark_different`, `earmark_ended`, `earmark_contended`, `earmark_refused` with the ledger's `code`.
   */
  use(book: string, id: string, input: UseInput, hand: Hand): Promise<Earmark>;
  /**
   * Gives up what is left of an earmark, for a reason; one that holds nothing any more stays as it is.
   * Errors: `centre_reason_required`, `earmark_not_found`, `earmark_contended`.
   */
  release(book: string, id: string, hand: Hand): Promise<Earmark>;
  /** Error: `earmark_not_found`. */
  find(book: string, id: string): Promise<Earmark>;
  /** The earmarks of a customer in the order of their ids, behind `after`. */
  list(book: string, customer: string, page: { after?: string | undefined; limit: number }): Promise<Earmark[]>;
}

/** How often a use or a release looks again after others were quicker. */
const LOOKS = 8;

export function openEarmarks({ db, ledger, clock }: EarmarkDeps): Earmarks {
  const now = () => instantText(clock.now());

  async function find(bookId: number, id: string): Promise<Earmark> {
    const known = canonicalUuid(id);
    const [found] = known === undefined ? [] : await read(bookId, { ids: [known] });
    if (found === undefined)
      throw centreError('earmark_not_found', `No earmark ${id.slice(0, 60)}`, { earmark_id: id });
    return found;
  }

  /** In one snapshot: a hold must not be ended between the reading of the steps and of the hold. */
  function read(bookId: number, filter: EarmarkFilter): Promise<Earmark[]> {
    return db.transaction((tx) => readEarmarks(tx, bookId, filter, now()), { isolation: 'repeatable read' });
  }

  async function accountOf(bookId: number, id: string) {
    const account = (await readAccounts(db, bookId, [id])).get(id);
    if (account !== undefined) return account;
    throw centreError('account_not_in_tree', `Account ${id} is in no tree`, { account_id: id });
  }

  return {
    async set(book, input, hand) {
      const who = checkHand(hand);
      const { id, accountId, expiresAt } = checked(input);
      const bookId = await ledger.bookId(book);
      const there = (await placesOf(db, bookId, [accountId])).get(accountId);
      if (there === undefined) {
        throw centreError('account_not_in_tree', `Account ${accountId} is in no tree`, { account_id: accountId });
      }
      const account = await accountOf(bookId, accountId);
      const { currency, side, code } = account;
      const technical = earmarkAccountOf(accountId);
      if (account.state !== 'closed' && !(await readAccounts(db, bookId, [technical])).has(technical)) {
        const opened = { id: technical, currency, code, side, name: `earmarks of ${accountId}` };
        await db.transaction((tx) => ledger.openAccounts(tx, book, [opened]));
      }
      const pendingId = deterministicId('account_centre.earmark', id);
      const { purpose, amount } = input;
      const [outcome] = await ledger.postWith(
        book,
        [hold(pendingId, { id, accountId, purpose, currency, expiresAt }, side, amount)],
        ([decided]): Attachment => {
          if (decided === undefined || decided.status === 'refused') return {};
          const step = {
            number: 1,
            action: 'set',
            useId: null,
            pendingId,
            transferId: null,
            toAccountId: null,
          } as const;
          return {
            statements: [
              {
                sql: `insert into account_centre.earmark (book_id, earmark_id, customer_key, account_id, currency,
                    amount_minor, purpose, expires_at, actor, recorded_at)
                  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
                values: [
                  bookId,
                  id,
                  there.customer,
                  accountId,
                  currency,
                  amount,
                  purpose,
                  expiresAt,
                  who.actor,
                  decided.recordedAt,
                ],
              },
              stepStatement(bookId, id, { ...step, amount, ...who }, decided.recordedAt),
            ],
            events: [
              eventOf('set', id, { customer: there.customer, account_id: accountId, currency, amount_minor: amount }),
            ],
          };
        },
      );
      if (outcome?.code === 'id_reused') {
        throw centreError('earmark_different', `The id ${id} was used for another earmark`, { earmark_id: id });
      }
      if (outcome?.status !== 'accepted') throw refused(id, outcome ? [outcome] : []);
      wakeConsumers(bookId);
      return find(bookId, id);
    },

    async use(book, given, input, hand) {
      const who = checkHand(hand);
      const useId = canonicalUuid(input.id);
      const toAccountId = canonicalUuid(input.toAccountId);
      if (useId === undefined || toAccountId === undefined || (input.amount !== undefined && input.amount <= 0n)) {
        throw centreError('earmark_invalid', 'A use has a UUID, an account to pay to, and an amount above zero');
      }
      const bookId = await ledger.bookId(book);
      for (let look = 0; look < LOOKS; look++) {
        const earmark = await find(bookId, given);
        const before = await useBefore(db, bookId, useId);
        if (before !== undefined) {
          const same =
            before.earmarkId === earmark.id &&
            before.toAccountId === toAccountId &&
            (input.amount === undefined || input.amount === before.amount);
          if (same) return find(bookId, given);
          throw centreError('earmark_different', `The id ${useId} was used for another use`, { use_id: useId });
        }
        const held = earmark.steps.at(-1)?.pendingId;
        if (earmark.state !== 'active' || held == null) throw ended(earmark);
        const amount = input.amount ?? earmark.remaining;
        if (amount > earmark.remaining) throw refused(earmark.id, [], 'exceeds_pending');
        const rest = earmark.remaining - amount;
        const { side, currency } = await accountOf(bookId, earmark.accountId);
        // A refused id stays refused, so what is tried on another hold has other ids.
        const idOf = (what: string) =>
          deterministicId(`account_centre.use.${what}`, useId, held, toAccountId, String(amount));
        const [transferId, restId] = [idOf('transfer'), rest > 0n ? idOf('rest') : null];
        const [debitAccountId, creditAccountId] =
          side === 'credit' ? [earmark.accountId, toAccountId] : [toAccountId, earmark.accountId];
        const { description = earmark.purpose, reference = earmark.id } = input;
        const chain: TransferInput[] = [
          { id: idOf('void'), kind: 'void', pendingId: held, linked: true },
          {
            id: transferId,
            debitAccountId,
            creditAccountId,
            amount,
            currency,
            type: 'earmark_use',
            description,
            reference,
            linked: restId !== null,
          },
          ...(restId === null ? [] : [hold(restId, earmark, side, rest)]),
        ];
        const number = earmark.steps.length + 1;
        const outcomes = await ledger.postWith(book, chain, (decided): Attachment => {
          const [first] = decided;
          if (first === undefined || decided.some(({ status }) => status === 'refused')) return {};
          const step = { number, action: 'use', useId, pendingId: restId, transferId, toAccountId, amount } as const;
          return {
            statements: [stepStatement(bookId, earmark.id, { ...step, ...who }, first.recordedAt)],
            events: [
              eventOf('used', earmark.id, {
                customer: earmark.customer,
                use_id: useId,
                amount_minor: amount,
                currency,
                transfer_id: transferId,
              }),
            ],
          };
        });
        if (outcomes.every(({ status }) => status === 'accepted')) {
          wakeConsumers(bookId);
          return find(bookId, given);
        }
        if (outcomes[0]?.code !== 'pending_already_voided') throw refused(earmark.id, outcomes);
      }
      throw centreError('earmark_contended', `Earmark ${given} is used by others at the same time; try again`);
    },

    async release(book, given, hand) {
      const who = checkHand(hand, true);
      const bookId = await ledger.bookId(book);
      for (let look = 0; look < LOOKS; look++) {
        const earmark = await find(bookId, given);
        const held = earmark.steps.at(-1)?.pendingId;
        if (earmark.state !== 'active' || held == null) return earmark;
        const transferId = deterministicId('account_centre.release', held);
        const number = earmark.steps.length + 1;
        const amount = earmark.remaining;
        const [outcome] = await ledger.postWith(
          book,
          [{ id: transferId, kind: 'void', pendingId: held }],
          ([decided]) => {
            if (decided === undefined || decided.status === 'refused') return {};
            const step = {
              number,
              action: 'release',
              useId: null,
              pendingId: null,
              transferId,
              toAccountId: null,
            } as const;
            return {
              statements: [stepStatement(bookId, earmark.id, { ...step, amount, ...who }, decided.recordedAt)],
              events: [
                eventOf('released', earmark.id, {
                  customer: earmark.customer,
                  amount_minor: amount,
                  currency: earmark.currency,
                }),
              ],
            };
          },
        );
        if (outcome?.status === 'accepted') {
          wakeConsumers(bookId);
          return find(bookId, given);
        }
      }
      throw centreError('earmark_contended', `Earmark ${given} is used by others at the same time; try again`);
    },

    async find(book, id) {
      return find(await ledger.bookId(book), id);
    },
    async list(book, customer, page) {
      return read(await ledger.bookId(book), { customer: customerKey(customer), ...page });
    },
  };
}

function checked(input: EarmarkInput): { id: string; accountId: string; expiresAt: string | null } {
  const fault = (detail: string) => centreError('earmark_invalid', detail);
  const id = canonicalUuid(input.id);
  const accountId = canonicalUuid(input.accountId);
  if (id === undefined || accountId === undefined) throw fault('An earmark and its account are named by UUIDs');
  if (input.amount <= 0n) throw fault('The amount must be above zero');
  const { purpose } = input;
  if (purpose.trim() === '' || purpose.length > 200 || !isStorable(purpose)) {
    throw fault('The purpose must be text of 1 to 200 characters');
  }
  return {
    id,
    accountId,
    expiresAt: input.expiresAt === undefined ? null : instantText(parseInstant(input.expiresAt)),
  };
}

function eventOf(what: 'set' | 'used' | 'released', earmarkId: string, payload: object) {
  return { type: `account_centre.earmark_${what}`, subject: earmarkId, payload: { earmark_id: earmarkId, ...payload } };
}

function refused(id: string, outcomes: readonly Outcome[], code?: string) {
  // Of a chain the member that was refused for itself says why.
  const own = outcomes.find((one) => one.status === 'refused' && one.code !== 'chain_failed');
  const why = code ?? own?.code ?? 'chain_failed';
  return centreError('earmark_refused', `The ledger refused: ${why}`, { earmark_id: id, outcome: why });
}

function ended(earmark: Earmark) {
  const detail = `Earmark ${earmark.id} holds nothing any more: it is ${earmark.state}`;
  return centreError('earmark_ended', detail, { earmark_id: earmark.id, state: earmark.state });
}
