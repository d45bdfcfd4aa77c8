/**
 * Reads what a batch needs to see of the books. None of these statements is prepared: a plan made while a table was
 * small would be kept while it grows.
 */
import { dateArray, int4Array, type Queryable, uuidArray } from '#kernel/database';
import { invariant } from '#kernel/errors';
import type { AccountNow, Closing, GroupNow, Known, ReferenceNow, WindowNow } from './batch.ts';
import { kinds, outcomeCodes } from './model.ts';

interface RawAccount {
  account_id: string;
  currency: string;
  code: string;
  side: 'debit' | 'credit';
  minimum_minor: bigint | null;
  maximum_minor: bigint | null;
  state: AccountNow['state'];
}

interface RawBalance {
  account_id: string;
  version: bigint;
  debits_pending: bigint;
  credits_pending: bigint;
  debits_posted: bigint;
  credits_posted: bigint;
}

/** A window that binds an account or a group, as its table has it. */
interface RawWindow {
  window_id: number;
  direction: WindowNow['direction'];
  period: WindowNow['period'];
  time_zone: string;
  /** Texts: they come in a JSON document. */
  maximum_count: string | null;
  maximum_minor: string | null;
}

interface RawGuards {
  usage: bigint[] | null;
  groups: number[] | null;
  daily: number[] | null;
  guards: number[] | null;
  windows: RawWindow[] | null;
}

/** Names a group in one currency; see {@link GroupNow}. */
export function groupKey(groupId: number, currency: string): string {
  return `${groupId}${currency}`;
}

const nothing: readonly never[] = [];

function accountNow(raw: RawAccount & RawBalance & RawGuards): AccountNow {
  const { windows, otherUsage } = windowsNow(raw.windows, raw.usage);
  return {
    id: raw.account_id,
    currency: raw.currency,
    code: raw.code,
    side: raw.side,
    minimum: raw.minimum_minor,
    maximum: raw.maximum_minor,
    state: raw.state,
    version: raw.version,
    debitsPending: raw.debits_pending,
    creditsPending: raw.credits_pending,
    debitsPosted: raw.debits_posted,
    creditsPosted: raw.credits_posted,
    seenBy: 0,
    changedBy: 0,
    groups: raw.groups ?? nothing,
    dailyGroups: raw.daily ?? nothing,
    guards: raw.guards?.map((group) => groupKey(group, raw.currency)) ?? nothing,
    windows,
    otherUsage,
    days: [],
  };
}

/** How many numbers of a stored usage belong to one window: its id, bucket, count and amount. */
const USAGE_NUMBERS = 4;

function windowsNow(raws: readonly RawWindow[] | null, usage: readonly bigint[] | null) {
  if (raws === null && usage === null) return { windows: nothing, otherUsage: nothing };
  const windows: WindowNow[] = (raws ?? []).map((raw) => ({
    id: raw.window_id,
    direction: raw.direction,
    period: raw.period,
    timeZone: raw.time_zone,
    maximumCount: raw.maximum_count === null ? null : BigInt(raw.maximum_count),
    maximumAmount: raw.maximum_minor === null ? null : BigInt(raw.maximum_minor),
    bucket: 0,
    count: 0n,
    amount: 0n,
  }));
  const otherUsage: bigint[] = [];
  for (let at = 0; usage !== null && at < usage.length; at += USAGE_NUMBERS) {
    const [id = 0n, bucket = 0n, count = 0n, amount = 0n] = usage.slice(at, at + USAGE_NUMBERS);
    const window = windows.find((one) => BigInt(one.id) === id);
    if (window === undefined) otherUsage.push(id, bucket, count, amount);
    else Object.assign(window, { bucket: Number(bucket), count, amount });
  }
  return { windows, otherUsage };
}

/** The windows of a row as one JSON value, and what has to hold for one that binds: null when there is none. */
const windowsAre = (condition: string) => `(
  select jsonb_agg(jsonb_build_object('window_id', v.window_id, 'direction', v.direction, 'period', v.period,
    'time_zone', v.time_zone, 'maximum_count', v.maximum_count::text, 'maximum_minor', v.maximum_minor::text)
    order by v.window_id)
  from ledger.velocity_window v
  where (select exists (select from ledger.velocity_window where book_id = $1))
    and v.book_id = $1 and v.retired_at is null and ${condition}) as windows`;

/** Reads accounts as of one snapshot, without locking. Unknown ids are absent from the answer. */
export async function readAccounts(db: Queryable, bookId: number, ids: readonly string[]): Promise<AccountNow[]> {
  // A book without groups or windows does not pay for them: the uncorrelated conditions are looked at once.
  const { rows } = await db.query<RawAccount & RawBalance & RawGuards>(
    `select a.account_id, a.currency, a.code, a.side, a.minimum_minor, a.maximum_minor, a.state,
       b.version, b.debits_pending, b.credits_pending, b.debits_posted, b.credits_posted, b.usage,
       m.groups, m.daily, m.guards,
       ${windowsAre(`v.per = 'account' and v.currency = a.currency
         and (v.account_id = a.account_id or v.group_id = any (m.groups))`)}
     from ledger.balance b
     join ledger.account a using (book_id, account_id)
     left join lateral (
       select array_agg(distinct p.group_id) as groups, array_agg(distinct p.group_id) filter (where p.daily) as daily,
         array_agg(distinct p.group_id) filter (where p.guarded) as guards
       from ledger.group_member x
       join ledger.account_group g on g.book_id = $1 and g.group_id = x.group_id
       join ledger.account_group p on p.book_id = $1 and p.group_id = any (g.path)
       where (select exists (select from ledger.account_group where book_id = $1))
         and x.book_id = $1 and x.account_id = b.account_id and x.left_at is null
     ) m on true
     where b.book_id = $1 and b.account_id = any($2::uuid[])`,
    [bookId, uuidArray(ids, (id) => id)],
  );
  return rows.map(accountNow);
}

/** Reads groups that have or had limits or windows, in the currency of each key, without locking. */
export async function readGroups(
  db: Queryable,
  bookId: number,
  wanted: readonly { readonly key: string; readonly groupId: number; readonly currency: string }[],
): Promise<GroupNow[]> {
  const { rows } = await db.query<{
    n: bigint;
    version: bigint;
    debits_pending: string;
    credits_pending: string;
    debits_posted: string;
    credits_posted: string;
    side: GroupNow['side'] | null;
    minimum_minor: bigint | null;
    maximum_minor: bigint | null;
    usage: bigint[] | null;
    windows: RawWindow[] | null;
  }>(
    `select u.n, coalesce(g.version, 0) as version, coalesce(g.debits_pending, 0) as debits_pending,
       coalesce(g.credits_pending, 0) as credits_pending, coalesce(g.debits_posted, 0) as debits_posted,
       coalesce(g.credits_posted, 0) as credits_posted, g.usage, l.side, l.minimum_minor, l.maximum_minor,
       ${windowsAre(`v.per = 'group' and v.currency = u.currency and v.group_id = u.group_id`)}
     from unnest($2::integer[], $3::text[]) with ordinality as u (group_id, currency, n)
     left join ledger.group_balance g on g.book_id = $1 and g.group_id = u.group_id and g.currency = u.currency
     left join ledger.group_limit l on l.book_id = $1 and l.group_id = u.group_id and l.currency = u.currency
     order by u.n`,
    [bookId, int4Array(wanted, ({ groupId }) => groupId), wanted.map(({ currency }) => currency)],
  );
  return rows.map((row, index) => {
    const named = wanted[index];
    invariant(named !== undefined, 'every_group_asked_for_is_answered');
    return {
      ...named,
      side: row.side ?? 'credit',
      minimum: row.minimum_minor,
      maximum: row.maximum_minor,
      ...windowsNow(row.windows, row.usage),
      version: row.version,
      debitsPending: BigInt(row.debits_pending),
      creditsPending: BigInt(row.credits_pending),
      debitsPosted: BigInt(row.debits_posted),
      creditsPosted: BigInt(row.credits_posted),
      seenBy: 0,
    };
  });
}

/** What periods of a book are closed and sealed at present. */
export async function readClosing(db: Queryable, bookId: number): Promise<Closing> {
  const { rows } = await db.query<{ closed_through: string | null; sealed_through: string | null }>(
    'select closed_through, sealed_through from ledger.journal_end where book_id = $1',
    [bookId],
  );
  return { closedThrough: rows[0]?.closed_through ?? null, sealedThrough: rows[0]?.sealed_through ?? null };
}

/**
 * Makes the book ours until the transaction ends: the lock every writer of balances takes first. What is read after it
 * stays as it is. Returns the journal's last instant, RFC 3339, or null when nothing was recorded yet.
 */
export async function lockBook(tx: Queryable, bookId: number): Promise<string | null> {
  const lock = async () => {
    const { rows } = await tx.query<{ recorded_at: string | null }>(
      `select nullif(recorded_at, '-infinity') as recorded_at from ledger.journal_end where book_id = $1 for update`,
      [bookId],
    );
    return rows[0];
  };
  const end = await lock();
  if (end !== undefined) return end.recorded_at;
  // The first write of a book.
  await tx.query('insert into ledger.journal_end (book_id) values ($1) on conflict do nothing', [bookId]);
  return (await lock())?.recorded_at ?? null;
}

/** Reads accepted transfers that others refer to, with their present state; of what was archived, that it was. */
export async function readReferences(db: Queryable, bookId: number, ids: readonly string[]): Promise<ReferenceNow[]> {
  const { rows } = await db.query<{
    transfer_id: string;
    kind: number | null;
    debit_account_id: string | null;
    credit_account_id: string | null;
    amount_minor: bigint | null;
    currency: string | null;
    effective_date: string | null;
    expires_at: string | null;
    remaining_minor: bigint | null;
    ended: ReferenceNow['ended'];
    reversed: boolean;
  }>(
    `select a.transfer_id, t.kind, t.debit_account_id, t.credit_account_id, t.amount_minor, t.currency, t.effective_date,
       t.expires_at, p.remaining_minor, p.ended, r.transfer_id is not null as reversed
     from ledger.answer a
     left join ledger.journal t on t.book_id = a.book_id and t.sequence = a.sequence
     left join ledger.pending p on p.book_id = a.book_id and p.transfer_id = a.transfer_id
     left join ledger.reversal r on r.book_id = a.book_id and r.reversed_id = a.transfer_id
     where a.book_id = $1 and a.transfer_id = any($2::uuid[]) and a.code = 0`,
    [bookId, uuidArray(ids, (id) => id)],
  );
  return rows.map((row) => ({
    id: row.transfer_id,
    kind: row.kind === null ? 'archived' : kindOf(row.kind),
    debitAccountId: row.debit_account_id ?? '',
    creditAccountId: row.credit_account_id ?? '',
    amount: row.amount_minor ?? 0n,
    currency: row.currency ?? '',
    effectiveDate: row.effective_date ?? '',
    expiresAtMs: row.expires_at === null ? null : Date.parse(row.expires_at),
    remaining: row.remaining_minor ?? 0n,
    ended: row.ended,
    reversed: row.reversed,
  }));
}

export function kindOf(stored: number) {
  const kind = kinds[stored];
  invariant(kind !== undefined, 'stored_kind_is_known');
  return kind;
}

export function outcomeCodeOf(stored: number) {
  const code = outcomeCodes[stored];
  invariant(code !== undefined, 'stored_outcome_code_is_known');
  return code;
}

/** The first answers to these ids; ids never answered are absent. */
export async function readAnswers(
  db: Queryable,
  bookId: number,
  ids: readonly string[],
): Promise<(Known & { id: string })[]> {
  const { rows } = await db.query<{
    transfer_id: string;
    fingerprint: string;
    code: number;
    sequence: bigint | null;
    recorded_at: string;
  }>(
    `select transfer_id, encode(fingerprint, 'hex') as fingerprint, code, sequence, recorded_at
     from ledger.answer where book_id = $1 and transfer_id = any($2::uuid[])`,
    [bookId, uuidArray(ids, (id) => id)],
  );
  return rows.map((row) => ({
    id: row.transfer_id,
    fingerprint: row.fingerprint,
    code: outcomeCodeOf(row.code),
    sequence: row.sequence,
    recordedAt: row.recorded_at,
  }));
}

const dayColumns = (side: 'debit' | 'credit') =>
  `${side}_day_debits_pending as debits_pending, ${side}_day_credits_pending as credits_pending,
   ${side}_day_debits_posted as debits_posted, ${side}_day_credits_posted as credits_posted`;

/**
 * Adds to each account's `days` what happened on one date: the running totals of its last journal row of that date, or
 * zeros. The order of (date, sequence) is one only the account's own index has: ordered by sequence alone, a planner
 * without fresh statistics would walk the whole journal backwards for each account.
 */
export async function loadDays(
  db: Queryable,
  bookId: number,
  wanted: readonly { account: AccountNow; date: string }[],
): Promise<void> {
  const last = (side: 'debit' | 'credit') => `(select effective_date, sequence, ${dayColumns(side)}
    from ledger.transfer
    where book_id = $1 and ${side}_account_id = u.account_id
      and effective_date between u.effective_date and u.effective_date
    order by effective_date desc, sequence desc limit 1)`;
  // A book nothing was archived of does not pay for it: the uncorrelated condition is looked at once.
  const carried = `(select effective_date, sequence, debits_pending, credits_pending, debits_posted, credits_posted
    from ledger.carried_day
    where (select exists (select from ledger.archive_end where book_id = $1))
      and book_id = $1 and account_id = u.account_id and effective_date = u.effective_date)`;
  const { rows } = await db.query<{ n: bigint } & Omit<RawBalance, 'account_id' | 'version'>>(
    `select u.n, x.debits_pending, x.credits_pending, x.debits_posted, x.credits_posted
     from unnest($2::uuid[], $3::date[]) with ordinality as u (account_id, effective_date, n)
     cross join lateral (${last('debit')} union all ${last('credit')} union all ${carried}
       order by sequence desc limit 1) x`,
    [bookId, uuidArray(wanted, ({ account }) => account.id), dateArray(wanted, ({ date }) => date)],
  );
  const found = new Map(rows.map((row) => [Number(row.n) - 1, row]));
  for (const [index, { account, date }] of wanted.entries()) {
    const row = found.get(index);
    account.days.push({
      date,
      debitsPending: row?.debits_pending ?? 0n,
      creditsPending: row?.credits_pending ?? 0n,
      debitsPosted: row?.debits_posted ?? 0n,
      creditsPosted: row?.credits_posted ?? 0n,
    });
  }
}
