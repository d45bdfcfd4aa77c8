/** Looks at postings once and writes the alerts that rules ask for. */
import {
  type Account,
  balance as balanceOf,
  balancesAsOf,
  listTransfers,
  type Minor,
  readAccounts,
  type Transfer,
} from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import { type Transaction, uuidArray } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { appendEvents, type EventRecord } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { asksForBalance, crosses, isBelow, type Movement, matches } from './model.ts';
import { type RuleRow, rulesAt } from './rules.ts';
import { type Place, placesOf } from './store.ts';

/** Postings looked at together. */
const POSTINGS = 1_000;

/** One alert: a rule and a movement of an account. Amounts in minor units. */
export interface Alert {
  readonly id: string;
  readonly sequence: bigint;
  readonly accountId: string;
  readonly ruleId: string;
  readonly customer: string;
  readonly transferId: string;
  readonly direction: 'in' | 'out';
  readonly amount: bigint;
  readonly currency: string;
  /** The balance after the movement, where the rule asks for it. */
  readonly balance: bigint | null;
  readonly subscribers: readonly string[];
  readonly raisedAt: string;
}

interface Posted {
  readonly position: bigint;
  readonly first: bigint;
  readonly last: bigint;
}

function postedOf({ position, payload }: EventRecord): Posted {
  const { first_sequence, last_sequence } = payload as { first_sequence?: unknown; last_sequence?: unknown };
  invariant(typeof first_sequence === 'string' && typeof last_sequence === 'string', 'posted_event_has_sequences');
  return { position, first: BigInt(first_sequence), last: BigInt(last_sequence) };
}

/** Looks at the postings that events tell of, writes the alerts the rules ask for, and an event for each. */
export async function raise(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  events: readonly EventRecord[],
): Promise<void> {
  // A book without rules costs this one look.
  const { rowCount } = await tx.query(
    `select from account_centre.alert_rule
     where book_id = $1 and from_position < $2 and (through_position is null or through_position > $3) limit 1`,
    [bookId, events.at(-1)?.position ?? 0n, events[0]?.position ?? 0n],
  );
  if (rowCount === 0) return;
  const found: Omit<Alert, 'raisedAt'>[] = [];
  for (const posted of events.map(postedOf)) {
    for (let after = posted.first - 1n; after < posted.last; ) {
      const transfers = await listTransfers(tx, bookId, {
        afterSequence: after,
        throughSequence: posted.last,
        limit: POSTINGS,
      });
      found.push(...(await judge(tx, bookId, posted.position, transfers)));
      after = transfers.at(-1)?.sequence ?? posted.last;
    }
  }
  await write(tx, bookId, clock, found);
}

interface Candidate {
  readonly rule: RuleRow;
  readonly transfer: Transfer;
  readonly accountId: string;
  readonly movement: Movement;
}

async function judge(
  tx: Transaction,
  bookId: number,
  position: bigint,
  transfers: readonly Transfer[],
): Promise<Omit<Alert, 'raisedAt'>[]> {
  const moving = transfers.filter(({ kind }) => kind === 'transfer' || kind === 'post' || kind === 'reverse');
  const touched = [...new Set(moving.flatMap((one) => [one.debitAccountId, one.creditAccountId]))];
  const places = await placesOf(tx, bookId, touched);
  const rules = await rulesAt(tx, bookId, position, [...new Set([...places.values()].map(({ customer }) => customer))]);
  if (rules.size === 0) return [];
  const accounts = await readAccounts(tx, bookId, [...places.keys()]);
  const candidates: Candidate[] = [];
  for (const transfer of moving) {
    for (const entry of ['debit', 'credit'] as const) {
      const accountId = entry === 'debit' ? transfer.debitAccountId : transfer.creditAccountId;
      const place = places.get(accountId);
      const side = accounts.get(accountId)?.side;
      if (place === undefined || side === undefined) continue;
      const { type, currency, amount } = transfer;
      const movement = { direction: side === entry ? 'in' : 'out', type, currency, amount } as const;
      for (const rule of rules.get(place.customer) ?? []) {
        if (isAbout(rule, place) && matches(rule, movement)) candidates.push({ rule, transfer, accountId, movement });
      }
    }
  }
  const asking = new Set(candidates.filter(({ rule }) => asksForBalance(rule)).map(({ accountId }) => accountId));
  const balances = await balancesAfter(tx, bookId, moving, accounts, [...asking]);
  const alerts: Omit<Alert, 'raisedAt'>[] = [];
  for (const { rule, transfer, accountId, movement } of candidates) {
    let balance: Minor | null = null;
    if (asksForBalance(rule)) {
      const after = balances.get(`${transfer.sequence} ${accountId}`);
      invariant(after !== undefined, 'moved_account_has_a_balance');
      if (!crosses(rule, movement, after)) continue;
      balance = after;
    }
    alerts.push({
      id: deterministicId('account_centre.alert', rule.id, String(transfer.sequence), accountId),
      sequence: transfer.sequence,
      accountId,
      ruleId: rule.id,
      customer: rule.customer,
      transferId: transfer.id,
      direction: movement.direction,
      amount: movement.amount,
      currency: movement.currency,
      balance,
      subscribers: rule.subscribers,
    });
  }
  return alerts;
}

/**
 * The balances of some accounts right after each posting that moves them, as the journal stood then, by `sequence account`:
 * looked at later they are the same. One look for all, as what comes between is in `moving`.
 */
async function balancesAfter(
  tx: Transaction,
  bookId: number,
  moving: readonly Transfer[],
  accounts: ReadonlyMap<string, Account>,
  accountIds: readonly string[],
): Promise<Map<string, Minor>> {
  const after = new Map<string, Minor>();
  const [first] = moving;
  if (first === undefined || accountIds.length === 0) return after;
  const known = { sequence: first.sequence - 1n };
  const counters = await balancesAsOf(tx, bookId, accountIds, '9999-12-31', known);
  const running = new Map<string, Minor>();
  for (const [id, before] of counters) {
    const account = accounts.get(id);
    if (account !== undefined) running.set(id, balanceOf(account.side, before));
  }
  for (const { sequence, debitAccountId, creditAccountId, amount } of moving) {
    for (const [id, entry] of [
      [debitAccountId, 'debit'],
      [creditAccountId, 'credit'],
    ] as const) {
      const before = running.get(id);
      if (before === undefined) continue;
      const balance = accounts.get(id)?.side === entry ? before + amount : before - amount;
      running.set(id, balance);
      after.set(`${sequence} ${id}`, balance);
    }
  }
  return after;
}

function isAbout(rule: RuleRow, place: Place): boolean {
  if (rule.accountId !== null) return rule.accountId === place.accountId;
  return rule.path === null || isBelow(place.path, rule.path);
}

async function write(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  found: readonly Omit<Alert, 'raisedAt'>[],
): Promise<void> {
  if (found.length === 0) return;
  // What is there already was raised when the log was read before: no second row, and no second event.
  const { rows } = await tx.query<{ alert_id: string }>(
    `insert into account_centre.alert (book_id, sequence, account_id, rule_id, alert_id, customer_key, transfer_id,
       direction, amount_minor, currency, balance_minor, subscribers, raised_at)
     select $1, a.sequence, a.account_id, a.rule_id, a.alert_id, r.customer_key, a.transfer_id, a.direction,
       a.amount, a.currency, a.balance, r.subscribers, $11
     from unnest($2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::bigint[], $9::text[],
       $10::bigint[]) as a (sequence, account_id, rule_id, alert_id, transfer_id, direction, amount, currency, balance)
     join account_centre.alert_rule r on r.book_id = $1 and r.rule_id = a.rule_id
     on conflict do nothing returning alert_id`,
    [
      bookId,
      found.map(({ sequence }) => sequence),
      uuidArray(found, ({ accountId }) => accountId),
      uuidArray(found, ({ ruleId }) => ruleId),
      uuidArray(found, ({ id }) => id),
      uuidArray(found, ({ transferId }) => transferId),
      found.map(({ direction }) => direction),
      found.map(({ amount }) => amount),
      found.map(({ currency }) => currency),
      found.map(({ balance }) => balance),
      instantText(clock.now()),
    ],
  );
  const written = new Set(rows.map((row) => row.alert_id));
  const raised = found.filter(({ id }) => written.has(id));
  if (raised.length === 0) return;
  await appendEvents(
    tx,
    bookId,
    clock,
    raised.map((alert) => ({
      type: 'account_centre.alert_raised',
      subject: alert.id,
      payload: {
        alert_id: alert.id,
        rule_id: alert.ruleId,
        customer: alert.customer,
        account_id: alert.accountId,
        transfer_id: alert.transferId,
        sequence: alert.sequence,
        direction: alert.direction,
        amount_minor: alert.amount,
        currency: alert.currency,
        balance_minor: alert.balance,
        subscribers: alert.subscribers,
      },
    })),
  );
}
