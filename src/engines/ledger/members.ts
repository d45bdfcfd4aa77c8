/** Who is a member of which groups. Joining and leaving moves what an account holds, and held on each day, with it. */
import type { Clock } from '#kernel/clock';
import { type Database, int4Array, type Queryable, type Transaction, uuidArray } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { ledgerError } from './errors.ts';
import { findGroups, groupId, nameOf } from './groups.ts';
import type { GroupKey } from './model.ts';
import { isTransferId } from './prepare.ts';
import { lockBook } from './store.ts';

/** How many accounts join in one transaction, so that postings do not wait long. */
const JOIN_CHUNK = 500;

/** Members of a group and of the groups below it, in the order of their ids. Error: `group_not_found`. */
export async function groupMembers(
  db: Queryable,
  bookId: number,
  key: GroupKey,
  page: { readonly after?: string | undefined; readonly limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ account_id: string }>(
    `select distinct m.account_id
     from ledger.account_group g join ledger.group_member m using (book_id, group_id)
     where g.book_id = $1 and $2::integer = any (g.path) and m.left_at is null
       and ($3::uuid is null or m.account_id > $3)
     order by m.account_id limit $4`,
    [bookId, await groupId(db, bookId, key), page.after ?? null, page.limit],
  );
  return rows.map((row) => row.account_id);
}

/** Inside a transaction that holds the book: lets accounts join or leave a group with all they hold and held. */
export async function moveMembers(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  key: GroupKey,
  accountIds: readonly string[],
  way: 'join' | 'leave',
): Promise<number> {
  const notFound = (id: string) => ledgerError('account_not_found', `No account ${id}`, { account_id: id });
  const malformed = accountIds.find((id) => !isTransferId(id));
  if (malformed !== undefined) throw notFound(malformed);
  // Named twice, it joins once.
  const ids = [...new Set(accountIds.map((id) => id.toLowerCase()))];
  const { rows: unknown } = await tx.query<{ id: string }>(
    `select u.id::text as id from unnest($2::uuid[]) as u (id)
     where not exists (select from ledger.account a where a.book_id = $1 and a.account_id = u.id) limit 1`,
    [bookId, ids],
  );
  if (unknown[0] !== undefined) throw notFound(unknown[0].id);
  const { rows } = await tx.query<{ moved: number }>(`select ledger.${way}_group($1, $2, $3::uuid[], $4) as moved`, [
    bookId,
    await groupId(tx, bookId, key),
    ids,
    instantText(clock.now()),
  ]);
  const moved = rows[0]?.moved ?? 0;
  if (moved > 0) {
    const type = way === 'join' ? 'ledger.group_joined' : 'ledger.group_left';
    await appendEvents(tx, bookId, clock, [{ type, subject: nameOf(key), payload: { ...key, account_ids: ids } }]);
  }
  return moved;
}

/** As {@link moveMembers}, any number of accounts, in transactions of their own between which writes go on. */
export async function moveInChunks(
  db: Database,
  bookId: number,
  clock: Clock,
  key: GroupKey,
  accountIds: readonly string[],
  way: 'join' | 'leave',
): Promise<number> {
  let moved = 0;
  for (let at = 0; at < accountIds.length; at += JOIN_CHUNK) {
    const chunk = accountIds.slice(at, at + JOIN_CHUNK);
    moved += await db.transaction(async (tx) => {
      await lockBook(tx, bookId);
      return moveMembers(tx, bookId, clock, key, chunk, way);
    });
  }
  return moved;
}

/** Lets all accounts join that have the code of a group and were opened before it was created. Returns how many joined. */
export async function buildGroups(db: Database, bookId: number, clock: Clock): Promise<number> {
  let joined = 0;
  for (;;) {
    const chunk = await db.transaction(async (tx) => {
      await lockBook(tx, bookId);
      const { rows } = await tx.query<GroupKey & { account_ids: string[] }>(
        `select g.dimension, g.code, array(
           select a.account_id::text from ledger.account a
           where a.book_id = $1 and a.code = g.account_code and not exists (
             select from ledger.group_member m where m.book_id = $1 and m.account_id = a.account_id
               and m.group_id = g.group_id and m.left_at is null)
           limit $2) as account_ids
         from ledger.account_group g where g.book_id = $1 and g.account_code is not null`,
        [bookId, JOIN_CHUNK],
      );
      const next = rows.find((row) => row.account_ids.length > 0);
      if (next === undefined) return 0;
      const { dimension, code, account_ids } = next;
      return moveMembers(tx, bookId, clock, { dimension, code }, account_ids, 'join');
    });
    if (chunk === 0) return joined;
    joined += chunk;
  }
}

/**
 * Lets accounts that are being opened join the groups of their codes and those named for them, all in one write: they hold
 * nothing yet that would have to be added anywhere. Returns the groups of each account. Error: `group_not_found`.
 */
export async function joinOpened(
  tx: Transaction,
  bookId: number,
  clock: Clock,
  accounts: readonly {
    readonly id: string;
    readonly code: string;
    readonly groups?: readonly GroupKey[] | undefined;
  }[],
): Promise<ReadonlyMap<string, readonly GroupKey[]>> {
  const { rows: byCode } = await tx.query<GroupKey & { account_code: string }>(
    `select dimension, code, account_code from ledger.account_group
     where book_id = $1 and account_code = any ($2::text[])`,
    [bookId, [...new Set(accounts.map(({ code }) => code))]],
  );
  const joined = new Map<string, readonly GroupKey[]>();
  const members: { accountId: string; key: GroupKey }[] = [];
  for (const { id, code, groups } of accounts) {
    const keys = new Map<string, GroupKey>();
    for (const key of [...(groups ?? []), ...byCode.filter((row) => row.account_code === code)]) {
      keys.set(nameOf(key), { dimension: key.dimension, code: key.code });
    }
    joined.set(id, [...keys.values()]);
    for (const key of keys.values()) members.push({ accountId: id, key });
  }
  if (members.length === 0) return joined;
  const named = [...new Map(members.map(({ key }) => [nameOf(key), key])).values()];
  const known = new Map((await findGroups(tx, bookId, named)).map((row) => [nameOf(row), row.group_id]));
  const missing = named.find((key) => !known.has(nameOf(key)));
  if (missing !== undefined) {
    throw ledgerError('group_not_found', `No group ${nameOf(missing)}`, { group: nameOf(missing) });
  }
  await tx.query(
    `with joining as (select * from unnest($2::uuid[], $3::integer[]) as u (account_id, group_id)),
     balance as (
       insert into ledger.group_balance (book_id, group_id, currency)
       select distinct $1::integer, p.group_id, a.currency
       from joining u
       join ledger.account a on a.book_id = $1 and a.account_id = u.account_id
       join ledger.account_group g on g.book_id = $1 and g.group_id = u.group_id
       cross join lateral unnest(g.path) as p (group_id)
       on conflict (book_id, group_id, currency) do nothing
     )
     insert into ledger.group_member (book_id, group_id, account_id, joined_at)
     select $1, u.group_id, u.account_id, i.instant
     from joining u, (select ledger.next_instant($1, $4) as instant) i`,
    [
      bookId,
      uuidArray(members, ({ accountId }) => accountId),
      int4Array(members, ({ key }) => known.get(nameOf(key)) ?? null),
      instantText(clock.now()),
    ],
  );
  return joined;
}
