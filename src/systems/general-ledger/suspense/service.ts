/** Marking suspense accounts, setting how their items age, matching postings by hand and undoing it. */
import { type Account, type Minor, readAccount, readTransfer, type Transfer } from '#engines/ledger';
import type { Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { isUuid } from '#kernel/ids';
import { checkHand, type GeneralLedgerDeps, generalLedgerError, type Hand } from '../model.ts';
import { type AgeingRule, ageingRuleFault } from './model.ts';
import { findMatch, findSuspenseAccount, type SuspenseMatch } from './queries.ts';

/**
 * Says that an account is a suspense account, or is one no longer. Its word goes before the mark of its code; the same
 * again changes nothing. Errors: `account_not_found`, `actor_invalid`.
 */
export async function markSuspenseAccount(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  accountId: string,
  marked: boolean,
  hand: Hand,
): Promise<void> {
  const { actor, reason } = checkHand(hand);
  const bookId = await deps.ledger.bookId(book);
  const account = await readAccount(tx, bookId, accountId);
  await deps.authorise?.(tx, { action: 'suspense_mark', book, subject: account.id, actor, reason });
  await lockSuspense(tx, bookId, account.id);
  const { rows } = await tx.query<{ number: number; marked: boolean }>(
    `select number, marked from general_ledger.suspense_mark
     where book_id = $1 and account_id = $2 order by number desc limit 1`,
    [bookId, account.id],
  );
  const [last] = rows;
  if (last?.marked === marked) return;
  await tx.query(
    `insert into general_ledger.suspense_mark (book_id, account_id, number, marked, actor, reason, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [bookId, account.id, (last?.number ?? 0) + 1, marked, actor, reason, instantText(deps.clock.now())],
  );
}

/**
 * Sets how the items of a chart-of-accounts code age; code '' is the rule of the book. Errors: `suspense_rule_invalid`,
 * `actor_invalid`.
 */
export async function setAgeingRule(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  code: string,
  rule: AgeingRule,
  hand: Hand,
): Promise<void> {
  const { actor, reason } = checkHand(hand);
  const fault = /^[0-9A-Za-z._-]{0,32}$/.test(code) ? ageingRuleFault(rule) : 'this is no account code';
  if (fault !== null) throw generalLedgerError('suspense_rule_invalid', `The rule cannot be used: ${fault}`);
  const bookId = await deps.ledger.bookId(book);
  await deps.authorise?.(tx, { action: 'suspense_rule', book, subject: code, actor, reason });
  await tx.query(
    `insert into general_ledger.suspense_rule (book_id, code, bucket_days, limit_days, changed_at, changed_by)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (book_id, code) do update set bucket_days = excluded.bucket_days, limit_days = excluded.limit_days,
       changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
    [bookId, code, rule.bucketDays, rule.limitDays, instantText(deps.clock.now()), actor],
  );
}

/** What is to be matched by hand. */
export interface MatchInput {
  /** UUID; the idempotency key of the match. */
  readonly matchId: string;
  readonly accountId: string;
  /** Transfer ids of the item and of the posting that clears it, on opposite sides of the account. */
  readonly itemId: string;
  readonly clearingId: string;
  /** Minor units, > 0; default: as much as both still have that is not matched by hand. */
  readonly amount?: Minor | undefined;
}

/**
 * Matches two postings of a suspense account by hand, for what neither reversal, reference nor age would match so. The
 * same match again gives the first. Errors: `account_not_found`, `suspense_account_unknown`, `transfer_not_found`,
 * `suspense_match_invalid`, `actor_invalid`.
 */
export async function matchSuspense(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  input: MatchInput,
  hand: Hand,
): Promise<SuspenseMatch> {
  const { actor, reason } = checkHand(hand);
  const bookId = await deps.ledger.bookId(book);
  const account = await findSuspenseAccount(tx, bookId, input.accountId);
  if (!isUuid(input.matchId)) throw invalid('id_malformed', 'The id of a match is a UUID');
  const matchId = input.matchId.toLowerCase();
  await deps.authorise?.(tx, { action: 'suspense_match', book, subject: matchId, actor, reason });
  await lockSuspense(tx, bookId, account.id);

  const item = await postingOn(tx, bookId, account, input.itemId);
  const clearing = await postingOn(tx, bookId, account, input.clearingId);
  const known = await findMatch(tx, bookId, matchId);
  if (known !== undefined) {
    const same =
      known.accountId === account.id &&
      known.itemId === item.transfer.id &&
      known.clearingId === clearing.transfer.id &&
      (input.amount === undefined || input.amount === known.amount);
    if (same) return known;
    throw invalid('id_reused', `The match ${matchId} stands for other postings`);
  }
  if (item.grows === clearing.grows) throw invalid('same_side', 'Both postings stand on the same side of the account');
  for (const { reversed, transfer } of [item, clearing]) {
    if (reversed) throw invalid('reversed', `Transfer ${transfer.id} was reversed`);
  }
  const most = [
    item.transfer.amount - (await matchedByHand(tx, bookId, account.id, item.transfer.id)),
    clearing.transfer.amount - (await matchedByHand(tx, bookId, account.id, clearing.transfer.id)),
  ].reduce((least, left) => (left < least ? left : least));
  const amount = input.amount ?? most;
  if (most <= 0n || amount <= 0n || amount > most) {
    throw invalid('amount_exceeds', `At most ${most > 0n ? most : 0n} minor units can still be matched`);
  }
  await tx.query(
    `insert into general_ledger.suspense_match
       (book_id, match_id, account_id, item_id, clearing_id, amount_minor, actor, reason, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      bookId,
      matchId,
      account.id,
      item.transfer.id,
      clearing.transfer.id,
      amount,
      actor,
      reason,
      instantText(deps.clock.now()),
    ],
  );
  return theMatch(tx, bookId, matchId);
}

/**
 * Undoes a match made by hand; its postings are then cleared as if it had not been. Undoing it again changes nothing.
 * Errors: `suspense_match_not_found`, `reason_required`, `actor_invalid`.
 */
export async function undoSuspenseMatch(
  deps: GeneralLedgerDeps,
  tx: Transaction,
  book: string,
  matchId: string,
  hand: Hand,
): Promise<SuspenseMatch> {
  const { actor, reason } = checkHand(hand, true);
  const bookId = await deps.ledger.bookId(book);
  const match = await theMatch(tx, bookId, matchId);
  await deps.authorise?.(tx, { action: 'suspense_unmatch', book, subject: match.matchId, actor, reason });
  await lockSuspense(tx, bookId, match.accountId);
  await tx.query(
    `insert into general_ledger.suspense_match_end (book_id, match_id, actor, reason, recorded_at)
     values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [bookId, match.matchId, actor, reason, instantText(deps.clock.now())],
  );
  return theMatch(tx, bookId, match.matchId);
}

function invalid(cause: string, detail: string) {
  return generalLedgerError('suspense_match_invalid', detail, { reason: cause });
}

async function theMatch(db: Queryable, bookId: number, matchId: string): Promise<SuspenseMatch> {
  const match = isUuid(matchId) ? await findMatch(db, bookId, matchId.toLowerCase()) : undefined;
  if (match === undefined) throw generalLedgerError('suspense_match_not_found', `There is no match ${matchId}`);
  return match;
}

interface PostingOnAccount {
  readonly transfer: Transfer;
  readonly reversed: boolean;
  /** Whether the account grows by it on its normal side. */
  readonly grows: boolean;
}

async function postingOn(db: Queryable, bookId: number, account: Account, id: string): Promise<PostingOnAccount> {
  const { transfer, reversedBy } = await readTransfer(db, bookId, id);
  const moves = transfer !== null && ['transfer', 'post', 'reverse'].includes(transfer.kind);
  const debits = transfer?.debitAccountId === account.id;
  if (!moves || !(debits || transfer.creditAccountId === account.id)) {
    throw invalid('no_posting', `Transfer ${id} is no posting of account ${account.id}`);
  }
  return { transfer, reversed: reversedBy !== null, grows: debits === (account.side === 'debit') };
}

/** How much of a posting is matched by hand already, on either side of a match; minor units. */
async function matchedByHand(db: Queryable, bookId: number, accountId: string, id: string): Promise<Minor> {
  const { rows } = await db.query<{ total: string }>(
    `select coalesce(sum(m.amount_minor), 0)::text as total
     from general_ledger.suspense_match m left join general_ledger.suspense_match_end e using (book_id, match_id)
     where m.book_id = $1 and m.account_id = $2 and $3::uuid in (m.item_id, m.clearing_id) and e.match_id is null`,
    [bookId, accountId, id],
  );
  return BigInt(rows[0]?.total ?? '0');
}

/** One change of an account's marks and matches at a time. */
async function lockSuspense(tx: Transaction, bookId: number, accountId: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('general_ledger.suspense.' || $1 || '.' || $2, 0))`, [
    String(bookId),
    accountId,
  ]);
}
