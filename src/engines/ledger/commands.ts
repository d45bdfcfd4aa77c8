/** What people do to the ledger under four eyes: large postings by hand, limits and freezes of accounts. */
import { z } from 'zod';
import { institutionId } from '#kernel/access';
import { asSystem } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import type { HttpDeps } from '#kernel/http';
import { formatAmount, isCurrency, parseAmountMinor } from '#kernel/money';
import type { TransfersBody } from './body.ts';
import { ledgerError } from './errors.ts';
import { accountJson, limitsOf, outcomeJson } from './json.ts';
import type { Ledger } from './ledger.ts';
import type { AccountState, TransferInput } from './model.ts';
import { isTransferId } from './prepare.ts';
import { readAccount } from './queries.ts';

export interface AccountChange {
  readonly book: string;
  readonly id: string;
  readonly state?: AccountState | undefined;
  readonly limits?: { readonly minimum: string | null; readonly maximum: string | null } | undefined;
}

export interface ManualLimit {
  readonly currency: string;
  readonly amountMinor: bigint;
}

const amount = z.string().nullable();
const accountStates = ['open', 'outgoing_frozen', 'frozen', 'closed'] as const satisfies readonly AccountState[];
const accountChange: z.ZodType<AccountChange> = z.object({
  book: z.string(),
  id: z.string(),
  state: z.enum(accountStates).optional(),
  limits: z.object({ minimum: amount, maximum: amount }).optional(),
});
const manualLimit: z.ZodType<{ currency: string; amount: string }> = z.object({
  currency: z.string(),
  amount: z.string(),
});

const posting = z.custom<TransfersBody>(
  (body) =>
    z.object({ book: z.string(), transfers: z.array(z.object({ id: z.string() }).loose()) }).safeParse(body).success,
);

export function ledgerCommands(ledger: Ledger, { approvals }: Pick<HttpDeps, 'approvals'>) {
  const post = approvals.define<TransfersBody>({
    name: 'ledger.transfer:post_manually',
    permission: 'ledger.transfer:approve',
    schema: posting,
    unitOf: async (tx, { book, transfers }) => {
      const [first] = transfers;
      return unitOfAccount(tx, await ledger.bookId(book), first?.debitAccountId ?? first?.creditAccountId ?? null);
    },
    async describe(_tx, { book, transfers }) {
      await ledger.bookId(book);
      const lines = transfers.map(lineOf);
      return {
        title: { zh: `手工记账 ${transfers.length} 笔（${book}）`, en: `Post ${transfers.length} by hand in ${book}` },
        before: {},
        after: { book, transfers: lines },
      };
    },
    async perform(tx, { book, transfers }) {
      const outcomes = await ledger.postIn(tx, book, transfers);
      return { status: 200, body: { results: outcomes.map(outcomeJson) } };
    },
  });

  const changeAccount = approvals.define<AccountChange>({
    name: 'ledger.account:change',
    permission: 'ledger.account:approve',
    schema: accountChange,
    unitOf: async (tx, { book, id }) => unitOfAccount(tx, await ledger.bookId(book), id),
    async describe(tx, { book, id, state, limits }) {
      const { name, code, ...account } = await readAccount(tx, await ledger.bookId(book), id);
      const present = accountJson({ name, code, ...account });
      return {
        title: { zh: `账户变更 ${code} ${name}`, en: `Change the account ${code} ${name}` },
        before: { account_id: id, state: present.state, limits: present.limits },
        after: { account_id: id, state: state ?? present.state, limits: limits ?? present.limits },
      };
    },
    async perform(tx, { book, id, state, limits }) {
      let account = await readAccount(tx, await ledger.bookId(book), id);
      if (limits !== undefined) account = await ledger.setLimits(tx, book, id, limitsOf(limits, account.currency));
      if (state !== undefined) account = await ledger.setState(tx, book, id, state);
      return { status: 200, body: accountJson(account) };
    },
  });

  const changeManualLimit = approvals.define<{ currency: string; amount: string }>({
    name: 'ledger.manual_limit:change',
    permission: 'ledger.transfer:approve',
    schema: manualLimit,
    unitOf: async () => institutionId,
    async describe(tx, { currency, amount: text }) {
      const before = (await listManualLimits(tx)).find((limit) => limit.currency === currency);
      return {
        title: { zh: `手工记账复核限额 ${currency}`, en: `Limit of postings by hand in ${currency}` },
        before: before === undefined ? {} : { currency, amount: formatAmount(before.amountMinor, currency) },
        after: { currency, amount: text },
      };
    },
    async perform(tx, { currency, amount: text }) {
      const parsed = parse(text, currency);
      if (!parsed.ok || parsed.amountMinor < 0n)
        throw ledgerError('manual_limit_invalid', `'${text}' is no amount of ${currency}`);
      await tx.query(
        `insert into ledger.manual_limit (currency, amount_minor) values ($1, $2)
         on conflict (currency) do update set amount_minor = $2`,
        [currency, parsed.amountMinor],
      );
      return { status: 200, body: { currency, amount: formatAmount(parsed.amountMinor, currency) } };
    },
  });

  return { post, changeAccount, changeManualLimit };
}

/** Limits of postings by hand, by currency. */
export async function listManualLimits(db: Queryable): Promise<ManualLimit[]> {
  const { rows } = await db.query<ManualLimit>(
    'select currency, amount_minor as "amountMinor" from ledger.manual_limit order by currency',
  );
  return rows;
}

/**
 * Whether a posting made by hand needs a second person: its transfers together move more than the limit of a currency, so
 * that nobody stays below it by parts. A post or a reversal moves what it refers to; a void only releases.
 */
export async function isLarge(db: Queryable, bookId: number, transfers: readonly TransferInput[]): Promise<boolean> {
  const moved = new Map<string, bigint>();
  const add = (currency: string, amountMinor: bigint) => {
    moved.set(currency, (moved.get(currency) ?? 0n) + amountMinor);
  };
  const referred: string[] = [];
  for (const { kind = 'transfer', amount: text, currency = '', pendingId, reversedId } of transfers) {
    if (kind === 'void') continue;
    const related = kind === 'post' ? pendingId : reversedId;
    if (related !== undefined) {
      referred.push(related);
      continue;
    }
    const parsed = typeof text === 'bigint' ? { ok: true as const, amountMinor: text } : parse(text, currency);
    // What is no amount is refused by the ledger, whoever asks.
    if (parsed.ok) add(currency, parsed.amountMinor);
  }
  if (referred.length > 0) {
    const { rows } = await asSystem(() =>
      db.query<{ currency: string; amountMinor: bigint }>(
        `select t.currency, t.amount_minor as "amountMinor"
           from ledger.answer a join ledger.transfer t on t.book_id = a.book_id and t.sequence = a.sequence
          where a.book_id = $1 and a.transfer_id = any ($2::text[]::uuid[])`,
        [bookId, referred.filter((id) => isTransferId(id))],
      ),
    );
    for (const { currency, amountMinor } of rows) add(currency, amountMinor);
  }
  const limits = new Map((await listManualLimits(db)).map(({ currency, amountMinor }) => [currency, amountMinor]));
  return [...moved].some(([currency, amountMinor]) => {
    const limit = limits.get(currency);
    return limit === undefined || amountMinor > limit;
  });
}

function parse(text: string | undefined, currency: string) {
  return text === undefined || !isCurrency(currency) ? { ok: false as const } : parseAmountMinor(text, currency);
}

async function unitOfAccount(tx: Transaction, bookId: number, id: string | null): Promise<number> {
  const { rows } = await asSystem(() =>
    tx.query<{ unitId: number }>(
      `select coalesce(
         (select unit_id from ledger.account where book_id = $1 and account_id = $2::text::uuid),
         (select unit_id from kernel.book where book_id = $1)) as "unitId"`,
      [bookId, id !== null && isTransferId(id) ? id : null],
    ),
  );
  return rows[0]?.unitId ?? institutionId;
}

/** A transfer as a checker reads it: what was given, under the names of the API. */
function lineOf(transfer: TransferInput): Record<string, unknown> {
  const { debitAccountId, creditAccountId, pendingId, reversedId, effectiveDate, keepRemainder, expiresAt, ...same } =
    transfer;
  return {
    ...same,
    amount: same.amount === undefined ? undefined : String(same.amount),
    debit_account_id: debitAccountId,
    credit_account_id: creditAccountId,
    pending_id: pendingId,
    reversed_id: reversedId,
    effective_date: effectiveDate,
    keep_remainder: keepRemainder,
    expires_at: expiresAt,
  };
}
