/** What bank staff do to accounts meanwhile: open them, change limits, freeze, close; in the ledger and the oracle. */
import type { AccountInput, AccountState, Ledger, Limits, Side } from '#engines/ledger';
import type { Database } from '#kernel/database';
import { LongmenError } from '#kernel/errors';
import type { Differences } from './differences.ts';
import { currencies } from './operations.ts';
import type { Oracle } from './oracle-model.ts';
import { balance, type OracleAccount } from './oracle-words.ts';
import type { Random } from './random.ts';

/** One book twice: in the ledger and in the oracle. */
export interface Books {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly book: string;
  readonly bookId: number;
  readonly oracle: Oracle;
  readonly random: Random;
  readonly found: Differences;
}

/** Codes of vaults, see {@link isVault}, and of all other accounts. */
const vaultCode = '9999';
/** Codes of the accounts of the exchange desk: positions, their costs and revaluations; results. */
export const deskCodes = { position: '3002', result: '6061' };
const codes = ['1001', '2011', '2241', '6021'];

/** Accounts without limits for amounts that fill whole counters. */
export function isVault(account: OracleAccount): boolean {
  return account.code === vaultCode;
}

/** Neither a vault nor of the exchange desk, whose accounts nothing else is posted to. */
export function isCustomers(account: OracleAccount): boolean {
  return !isVault(account) && !Object.values(deskCodes).includes(account.code);
}

/** Opens accounts of all currencies, sides and limits, and two vaults. */
export async function openSomeAccounts(books: Books, count: number): Promise<OracleAccount[]> {
  const { db, ledger, book, oracle, random } = books;
  const inputs = Array.from({ length: count + 2 }, (_, index): AccountInput & { limits: Limits; name: string } => {
    const id = random.uuid();
    const side: Side = random.chance(0.5) ? 'debit' : 'credit';
    const none = { minimum: null, maximum: null };
    if (index >= count) return { id, currency: 'CNY', code: vaultCode, side, name: 'vault', limits: none };
    const currency = random.pick([...Object.keys(currencies), 'CNY']);
    // The first accounts are the hot ones: without limits, so that money comes into the book.
    const limits = index < 6 ? none : someLimits(random);
    return { id, currency, code: random.pick(codes), side, name: `account ${index}`, limits };
  });
  const named = new Map(inputs.map(({ id }) => [id, oracle.guards.groups.filter(() => random.chance(0.1))]));
  const groupsOf = (id: string) => named.get(id)?.map(({ dimension, code }) => ({ dimension, code }));
  await db.transaction((tx) =>
    ledger.openAccounts(
      tx,
      book,
      inputs.map((input) => ({ ...input, groups: groupsOf(input.id) })),
    ),
  );
  for (const { name, ...input } of inputs) {
    const opened = oracle.open(input);
    for (const group of named.get(input.id) ?? []) group.members.add(opened);
  }
  return inputs.flatMap(({ id }) => oracle.accounts.get(id) ?? []);
}

function someLimits(random: Random): Limits {
  return {
    minimum: random.pick([0n, 0n, 0n, -50_000n, null]),
    maximum: random.pick([null, null, null, 2_000_000n, 300_000n]),
  };
}

/** One act on one account; what the ledger says must be what the rules say. */
export async function changeAccounts(books: Books): Promise<void> {
  const { oracle, random } = books;
  const accounts = [...oracle.accounts.values()].filter(isCustomers);
  const act = random.weighted({ limits: 3, freeze: 3, thaw: 6, close: 1, open: 0.6, openAndClose: 0.2 });
  if (act === 'limits') return changeLimits(books, random.pick(accounts), someLimits(random));
  if (act === 'freeze') return changeState(books, random.pick(accounts), random.pick(['frozen', 'outgoing_frozen']));
  if (act === 'close') return changeState(books, random.pick(accounts), 'closed');
  if (act === 'thaw') {
    const frozen = accounts.filter(({ state }) => state === 'frozen' || state === 'outgoing_frozen');
    if (frozen.length > 0) await changeState(books, random.pick(frozen), 'open');
    return;
  }
  const [opened] = await openSomeAccounts(books, 1);
  if (act === 'openAndClose' && opened !== undefined) await changeState(books, opened, 'closed');
}

async function changeLimits(books: Books, account: OracleAccount, limits: Limits): Promise<void> {
  const { ledger, book } = books;
  const expected = account.state === 'closed' ? 'account_is_closed' : 'ok';
  await act(books, expected, (tx) => ledger.setLimits(tx, book, account.id, limits));
  if (expected === 'ok') account.limits = limits;
}

export async function changeState(books: Books, account: OracleAccount, state: AccountState): Promise<void> {
  const { ledger, book } = books;
  const { pending } = account;
  const empty = balance(account) === 0n && pending.debit === 0n && pending.credit === 0n;
  const closed = account.state === 'closed' && state !== 'closed';
  const expected = closed ? 'account_is_closed' : state === 'closed' && !empty ? 'account_not_empty' : 'ok';
  await act(books, expected, (tx) => ledger.setState(tx, book, account.id, state));
  if (expected === 'ok') account.state = state;
}

async function act(
  { db, found }: Books,
  expected: string,
  work: Parameters<Database['transaction']>[0],
): Promise<void> {
  found.equal(await said(() => db.transaction(work)), expected, 'a change of an account');
}

/** 'ok', or the code that refuses it. */
export async function said(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (error) {
    return error instanceof LongmenError ? error.code : String(error);
  }
}
