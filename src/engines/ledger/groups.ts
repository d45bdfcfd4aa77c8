/** Groups of accounts: their tree, members, limits and windows. Whoever changes what an account must obey makes its version grow. */
import type { Clock } from '#kernel/clock';
import { int4Array, isStorable, type Queryable, type Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { isCurrency } from '#kernel/money';
import { ledgerError } from './errors.ts';
import { type GroupKey, type Limits, MAX_MINOR, type Side } from './model.ts';
import { lockBook } from './store.ts';

export interface GroupInput extends GroupKey {
  readonly name?: string | undefined;
  /** Code of the group above, of the same dimension; it cannot change. */
  readonly parentCode?: string | undefined;
  /** Whether totals per effective date are kept too, so that balances of any date are cheap. Default true. */
  readonly daily?: boolean | undefined;
  /** Accounts opened with this chart-of-accounts code join by themselves; see `buildGroups` for those opened before. */
  readonly accountCode?: string | undefined;
}

export interface Group extends GroupKey {
  readonly name: string;
  readonly parentCode: string | null;
  readonly daily: boolean;
  readonly accountCode: string | null;
  readonly createdAt: string;
}

/** Limits of a group in one currency, in minor units; `side` is the side on which its balance is positive. */
export interface GroupLimits extends Limits {
  readonly currency: string;
  readonly side: Side;
}

interface GroupRow {
  group_id: number;
  dimension: string;
  code: string;
  name: string;
  path: number[];
  daily: boolean;
  account_code: string | null;
  created_at: string;
  parent_code: string | null;
}

const groupSelect = `select g.group_id, g.dimension, g.code, g.name, g.path, g.daily, g.account_code, g.created_at,
    p.code as parent_code
  from ledger.account_group g
  left join ledger.account_group p
    on p.book_id = g.book_id and cardinality(g.path) > 1 and p.group_id = g.path[cardinality(g.path) - 1]`;

function groupOf(row: GroupRow): Group {
  const { dimension, code, name, daily } = row;
  const createdAt = row.created_at;
  return { dimension, code, name, parentCode: row.parent_code, daily, accountCode: row.account_code, createdAt };
}

export function nameOf({ dimension, code }: GroupKey): string {
  return `${dimension}:${code}`;
}

function judge(input: GroupInput): void {
  const fault = (detail: string) => ledgerError('group_invalid', detail, { group: nameOf(input) });
  if (!/^[a-z][a-z0-9_-]{0,63}$/.test(input.dimension)) {
    throw fault('The dimension must be 1 to 64 small letters, digits, dashes');
  }
  if (input.code.length < 1 || input.code.length > 64 || !isStorable(input.code)) {
    throw fault('The code must be text of 1 to 64 characters');
  }
  if ((input.name ?? '').length > 200 || !isStorable(input.name ?? '')) {
    throw fault('The name must be text of at most 200 characters');
  }
  if (input.accountCode !== undefined && !/^[0-9A-Za-z][0-9A-Za-z._-]{0,31}$/.test(input.accountCode)) {
    throw fault('The chart-of-accounts code must be 1 to 32 letters, digits, dots, dashes');
  }
  if (input.parentCode === input.code) throw fault('A group cannot stand below itself');
}

/**
 * Creates groups, parents before their children; one that exists with the same content changes nothing.
 * Errors: `group_invalid`, `group_different`, `group_parent_not_found`.
 */
export async function createGroups(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  inputs: readonly GroupInput[],
): Promise<Group[]> {
  if (inputs.length === 0) return [];
  for (const input of inputs) judge(input);
  await lockBook(tx, bookId);
  const named = inputs.flatMap((input) => [
    input,
    ...(input.parentCode === undefined ? [] : [{ ...input, code: input.parentCode }]),
  ]);
  const known = new Map((await findGroups(tx, bookId, named)).map((row) => [nameOf(row), row]));
  const { rows } = await tx.query<{ last: number }>(
    'select coalesce(max(group_id), 0) as last from ledger.account_group where book_id = $1',
    [bookId],
  );
  let last = rows[0]?.last ?? 0;
  const created: GroupRow[] = [];
  const createdAt = instantText(clock.now());
  for (const input of inputs) {
    const { dimension, code, parentCode, accountCode } = input;
    const parent = parentCode === undefined ? undefined : known.get(nameOf({ dimension, code: parentCode }));
    if (parentCode !== undefined && parent === undefined) {
      throw ledgerError('group_parent_not_found', `No group ${dimension}:${parentCode} to stand below`, {
        group: nameOf(input),
      });
    }
    const row: GroupRow = {
      group_id: last + 1,
      dimension,
      code,
      name: input.name ?? '',
      path: [...(parent?.path ?? []), last + 1],
      daily: input.daily ?? true,
      account_code: accountCode ?? null,
      created_at: createdAt,
      parent_code: parentCode ?? null,
    };
    const before = known.get(nameOf(input));
    if (before === undefined) {
      last++;
      known.set(nameOf(input), row);
      created.push(row);
    } else if (!sameGroup(before, row)) {
      throw ledgerError('group_different', `Group ${nameOf(input)} exists with other content`, {
        group: nameOf(input),
      });
    }
  }
  if (created.length === 0) return inputs.map((input) => groupOf(known.get(nameOf(input)) as GroupRow));
  await tx.query(
    `insert into ledger.account_group (book_id, group_id, dimension, code, name, path, daily, account_code, created_at)
     select $1, u.id, u.dimension, u.code, u.name, u.path::integer[], u.daily, u.account_code, $9
     from unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[])
       as u (id, dimension, code, name, path, daily, account_code)`,
    [
      bookId,
      int4Array(created, (row) => row.group_id),
      created.map((row) => row.dimension),
      created.map((row) => row.code),
      created.map((row) => row.name),
      created.map((row) => `{${row.path.join(',')}}`),
      created.map((row) => row.daily),
      created.map((row) => row.account_code),
      createdAt,
    ],
  );
  await appendEvents(
    tx,
    bookId,
    clock,
    created.map((row) => ({ type: 'ledger.group_created', subject: nameOf(row), payload: { ...groupOf(row) } })),
  );
  return inputs.map((input) => groupOf(known.get(nameOf(input)) as GroupRow));
}

function sameGroup(a: GroupRow, b: GroupRow): boolean {
  return (
    a.name === b.name && a.daily === b.daily && a.account_code === b.account_code && a.parent_code === b.parent_code
  );
}

export async function findGroups(db: Queryable, bookId: number, keys: readonly GroupKey[]): Promise<GroupRow[]> {
  const { rows } = await db.query<GroupRow>(
    `${groupSelect} where g.book_id = $1 and (g.dimension, g.code) in (
       select u.dimension, u.code from unnest($2::text[], $3::text[]) as u (dimension, code))`,
    [bookId, keys.map(({ dimension }) => dimension), keys.map(({ code }) => code)],
  );
  return rows;
}

/** The internal number of a group. Error: `group_not_found`. */
export async function groupId(db: Queryable, bookId: number, key: GroupKey): Promise<number> {
  const [row] = await findGroups(db, bookId, [key]);
  if (row === undefined) throw ledgerError('group_not_found', `No group ${nameOf(key)}`, { group: nameOf(key) });
  return row.group_id;
}

export async function listGroups(
  db: Queryable,
  bookId: number,
  filter: { readonly dimension?: string | undefined; readonly after?: GroupKey | undefined; readonly limit?: number },
): Promise<Group[]> {
  const { rows } = await db.query<GroupRow>(
    `${groupSelect} where g.book_id = $1 and ($2::text is null or g.dimension = $2)
       and ($3::text is null or (g.dimension, g.code) > ($3, $4))
     order by g.dimension, g.code limit $5`,
    [
      bookId,
      filter.dimension ?? null,
      filter.after?.dimension ?? null,
      filter.after?.code ?? null,
      filter.limit ?? null,
    ],
  );
  return rows.map(groupOf);
}

/**
 * Replaces the limits of a group in one currency; they bind the next transfer, and only what moves towards them.
 * Errors: `group_not_found`, `group_invalid`.
 */
export async function setGroupLimits(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  key: GroupKey,
  limits: GroupLimits,
): Promise<void> {
  const { currency, side, minimum, maximum } = limits;
  const fault = (detail: string) => ledgerError('group_invalid', detail, { group: nameOf(key) });
  if (!isCurrency(currency)) throw fault(`Unknown currency '${currency}'`);
  if (minimum !== null && maximum !== null && minimum > maximum) throw fault('The minimum is above the maximum');
  for (const limit of [minimum, maximum]) {
    if (limit !== null && (limit > MAX_MINOR || limit < -MAX_MINOR)) {
      throw fault('A limit must lie within 2^63 - 1 minor units');
    }
  }
  await lockBook(tx, bookId);
  const id = await groupId(tx, bookId, key);
  await tx.query(
    `insert into ledger.group_limit (book_id, group_id, currency, side, minimum_minor, maximum_minor)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (book_id, group_id, currency) do update
     set side = excluded.side, minimum_minor = excluded.minimum_minor, maximum_minor = excluded.maximum_minor`,
    [bookId, id, currency, side, minimum, maximum],
  );
  await guard(tx, bookId, id, currency);
  await appendEvents(tx, bookId, clock, [
    { type: 'ledger.group_limits_changed', subject: nameOf(key), payload: { ...key, ...limits } },
  ]);
}

/** From now on the lane looks at what the group holds; batches that were decided without are decided again. */
export async function guard(tx: Transaction, bookId: number, id: number, currency: string): Promise<void> {
  await tx.query(
    `insert into ledger.group_balance as g (book_id, group_id, currency) values ($1, $2, $3)
     on conflict (book_id, group_id, currency) do update set version = g.version + 1`,
    [bookId, id, currency],
  );
  const { rowCount } = await tx.query(
    'update ledger.account_group set guarded = true where book_id = $1 and group_id = $2 and not guarded',
    [bookId, id],
  );
  if (rowCount > 0) await tx.query('select ledger.touch_group_members($1, $2)', [bookId, id]);
}
