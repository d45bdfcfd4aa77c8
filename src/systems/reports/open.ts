/** Opening a number: the accounts it is the sum of, and the postings of each. */
import type { Queryable } from '#kernel/database';
import { type BookOfUnit, type Grid, type Part, type Place, reportError, type Source } from './model.ts';
import { type AccountRow, accountOf, accountsOf, accountTotals, type GroupFilter, positionOf } from './source.ts';

/** An account behind a number, and what it adds to it, in the account's currency. */
export interface AccountBehind {
  readonly book: string;
  readonly accountId: string;
  readonly code: string;
  readonly name: string;
  readonly currency: string;
  readonly amount: bigint;
}

/** Behind which account a page begins. */
export interface AccountCursor {
  readonly slot: number;
  readonly code: string;
  readonly id: string;
}

/** A posting behind a number, and what it adds to it. */
export interface PostingBehind {
  readonly transferId: string;
  readonly sequence: bigint;
  readonly effectiveDate: string;
  readonly recordedAt: string;
  readonly counterAccountId: string;
  readonly type: string | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly adjustment: boolean;
  readonly amount: bigint;
}

export interface PostingCursor {
  readonly date: string;
  readonly sequence: bigint;
}

const PAGE = 500;
const LAST_SEQUENCE = 2n ** 63n - 1n;

/** One book and currency with the parts that look at it. */
interface Slot {
  readonly book: BookOfUnit;
  readonly currency: string;
  readonly parts: readonly { readonly part: Part; readonly source: Source }[];
}

function slotsOf(parts: readonly Part[]): Slot[] {
  const slots = new Map<string, { book: BookOfUnit; currency: string; parts: { part: Part; source: Source }[] }>();
  for (const part of parts) {
    for (const source of part.sources) {
      for (const book of source.unit.books) {
        const key = `${part.currency} ${book.code}`;
        const slot = slots.get(key) ?? { book, currency: part.currency, parts: [] };
        slots.set(key, slot);
        slot.parts.push({ part, source });
      }
    }
  }
  return [...slots].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, slot]) => slot);
}

/** How often a part counts debits less credits (or what it measures) of an account. */
function timesOf({ part, source }: Slot['parts'][number], id: string, code: string): bigint {
  if (source.accounts !== null && !source.accounts.includes(id)) return 0n;
  return part.factor * (source.codes.get(code) ?? 0n);
}

/**
 * The accounts behind a number, those that add nothing left out. Their amounts add up to the number exactly; of a
 * translated number, to the amounts before translation.
 */
export async function accountsBehind(
  db: Queryable,
  grid: Grid,
  place: Place,
  group: GroupFilter | null,
  page: { readonly after: AccountCursor | null; readonly limit: number },
): Promise<{ accounts: AccountBehind[]; next: AccountCursor | null }> {
  const slots = slotsOf(grid.partsOf(place));
  const found: AccountBehind[] = [];
  let after = page.after === null ? null : { code: page.after.code, id: page.after.id };
  for (let slot = page.after?.slot ?? 0; slot < slots.length; slot += 1) {
    const held = slots[slot];
    if (held === undefined) break;
    const codes = [...new Set(held.parts.flatMap(({ source }) => [...source.codes.keys()]))];
    for (;;) {
      const wanted = { currency: held.currency, codes, group, after, limit: PAGE };
      const candidates: AccountRow[] = await accountsOf(db, held.book.bookId, wanted);
      const amounts = await amountsOf(db, held, candidates);
      for (const { id, code, name } of candidates) {
        const amount = amounts.get(id) ?? 0n;
        after = { code, id };
        if (amount === 0n) continue;
        found.push({ book: held.book.code, accountId: id, code, name, currency: held.currency, amount });
        if (found.length === page.limit) return { accounts: found, next: { slot, ...after } };
      }
      if (candidates.length < PAGE) break;
    }
    after = null;
  }
  return { accounts: found, next: null };
}

async function amountsOf(db: Queryable, slot: Slot, accounts: readonly AccountRow[]) {
  const amounts = new Map<string, bigint>();
  for (const each of slot.parts) {
    const { point, measure } = each.part;
    const counted = accounts.filter(({ id, code }) => timesOf(each, id, code) !== 0n);
    if (counted.length === 0) continue;
    const { bookId } = slot.book;
    const ids = counted.map(({ id }) => id);
    const totals = await accountTotals(db, bookId, ids, point);
    for (const { id, code } of counted) {
      const total = totals.get(id);
      if (total === undefined) continue;
      const value = measure === 'net' ? total.debits - total.credits : total[measure];
      amounts.set(id, (amounts.get(id) ?? 0n) + timesOf(each, id, code) * value);
    }
  }
  return amounts;
}

/**
 * The postings of one account behind a number, in the order of (effective date, sequence). What one part adds and another
 * takes off again is left out, so that a difference opens to the postings that make it.
 */
export async function postingsBehind(
  db: Queryable,
  grid: Grid,
  place: Place,
  group: GroupFilter | null,
  wanted: {
    readonly book: string;
    readonly accountId: string;
    readonly after: PostingCursor | null;
    readonly limit: number;
  },
): Promise<{ currency: string; postings: PostingBehind[]; next: PostingCursor | null }> {
  const slots = slotsOf(grid.partsOf(place)).filter(({ book }) => book.code === wanted.book);
  const account = await accountOf(db, slots[0]?.book.bookId ?? 0, wanted.accountId, group);
  const slot = slots.find(({ currency }) => currency === account?.currency);
  if (account === undefined || slot === undefined) {
    throw reportError(
      'report_line_not_found',
      `Account ${wanted.accountId} of ${wanted.book} is not behind this number`,
    );
  }
  const { bookId } = slot.book;
  const after = wanted.after ?? { date: '0001-01-01', sequence: 0n };
  const values: unknown[] = [bookId, account.id, after.date, after.sequence, wanted.limit + 1];
  const factors = { debit: ['0'], credit: ['0'] };
  for (const each of slot.parts) {
    const times = timesOf(each, account.id, account.code);
    const { point, measure } = each.part;
    if (times === 0n) continue;
    const position = await positionOf(db, bookId, point.recordedAt);
    values.push(point.from ?? '0001-01-01', point.to, position ?? LAST_SEQUENCE, times);
    const [from, to, last, factor] = [3, 2, 1, 0].map((back) => `$${values.length - back}`);
    const counted = [
      `t.effective_date between ${from}::date and ${to}::date and t.sequence <= ${last}::bigint`,
      ...(point.onlyAdjustments ? ['t.adjustment'] : []),
      ...(point.withoutYearEnd ? ['not t.year_end'] : []),
    ].join(' and ');
    const term = (sign: string) => `case when ${counted} then ${sign}${factor}::numeric else 0 end`;
    if (measure !== 'credits') factors.debit.push(term(''));
    if (measure !== 'debits') factors.credit.push(term(measure === 'net' ? '-' : ''));
  }
  const side = (own: string, other: string, terms: readonly string[]) =>
    `select t.*, t.amount_minor * (${terms.join(' + ')}) as counted
     from (
       select t.transfer_id, t.sequence, t.effective_date, t.recorded_at, t.${other} as counter_account_id, t.type,
         t.description, t.reference, t.adjustment, t.amount_minor,
         exists (select from reports.year_end_transfer y where y.book_id = t.book_id and y.sequence = t.sequence) as year_end
       from ledger.transfer t
       where t.book_id = $1 and t.${own} = $2 and t.kind in (0, 2, 4) and t.effective_date >= $3::date
         and (t.effective_date, t.sequence) > ($3::date, $4::bigint)
     ) t`;
  const { rows } = await db.query<PostingRow>(
    `select * from (
       ${side('debit_account_id', 'credit_account_id', factors.debit)}
       union all
       ${side('credit_account_id', 'debit_account_id', factors.credit)}
     ) p where p.counted <> 0 order by p.effective_date, p.sequence limit $5`,
    values,
  );
  const postings = rows.slice(0, wanted.limit).map(postingOf);
  const last = postings.at(-1);
  const more = rows.length > wanted.limit && last !== undefined;
  const next = more ? { date: last.effectiveDate, sequence: last.sequence } : null;
  return { currency: account.currency, postings, next };
}

interface PostingRow {
  transfer_id: string;
  sequence: bigint;
  effective_date: string;
  recorded_at: string;
  counter_account_id: string;
  type: string | null;
  description: string | null;
  reference: string | null;
  adjustment: boolean;
  counted: string;
}

function postingOf(row: PostingRow): PostingBehind {
  return {
    transferId: row.transfer_id,
    sequence: row.sequence,
    effectiveDate: row.effective_date,
    recordedAt: row.recorded_at,
    counterAccountId: row.counter_account_id,
    type: row.type,
    description: row.description,
    reference: row.reference,
    adjustment: row.adjustment,
    amount: BigInt(row.counted),
  };
}
