/** What bank staff do to groups, velocity windows and periods meanwhile; in the ledger and the oracle. */
import type { GroupInput, WindowInput } from '#engines/ledger';
import { type Books, said } from './administration.ts';
import { currencies, isoDate } from './operations.ts';
import { countedNow, type Guards, type OracleGroup, type OracleWindow } from './oracle-guards.ts';
import { available, businessDate, type OracleAccount, reach } from './oracle-words.ts';

const dayMs = 86_400_000;
const dimensions = ['chart', 'customer', 'branch'];
const mostGroups = 20;
/** With more windows in force hardly anything would be let through. */
const mostWindows = 8;
const mostLimits = 4;

/** One act; what the ledger says must be what the rules say. `nowMs` is what the clock says. */
export async function changeGuards(books: Books, nowMs: number): Promise<void> {
  const weights = { group: 2, join: 6, leave: 3, limit: 4, window: 3, maxima: 2, retire: 1, closing: 3, build: 0.5 };
  switch (books.random.weighted(weights)) {
    case 'group':
      return createGroup(books);
    case 'join':
      return joinSome(books);
    case 'leave':
      return leaveSome(books);
    case 'limit':
      return limitSome(books);
    case 'window':
      return createWindow(books);
    case 'maxima':
      return changeMaxima(books, nowMs);
    case 'retire':
      return retire(books);
    case 'closing':
      return close(books, nowMs);
    default:
      return build(books);
  }
}

async function createGroup(books: Books): Promise<void> {
  const { db, ledger, book, oracle, random, found } = books;
  const { groups } = oracle.guards;
  if (groups.length >= mostGroups) return;
  const dimension = random.pick(dimensions);
  const above = groups.filter((group) => group.dimension === dimension);
  const parent = above.length > 0 && random.chance(0.7) ? random.pick(above) : null;
  const code = `g${groups.length}`;
  const accountCode = random.chance(0.2) ? random.pick(['1001', '2011', '2241']) : undefined;
  const input: GroupInput = { dimension, code, parentCode: parent?.code, daily: random.chance(0.7), accountCode };
  const got = await said(() => db.transaction((tx) => ledger.createGroups(tx, book, [input])));
  found.equal(got, 'ok', 'creating a group', input);
  groups.push({ dimension, code, parent, accountCode, members: new Set(), limits: new Map() });
}

function someAccounts({ oracle, random }: Books): OracleAccount[] {
  const accounts = [...oracle.accounts.values()];
  return [...new Set(Array.from({ length: random.integer(1, 6) }, () => random.pick(accounts)))];
}

async function joinSome(books: Books): Promise<void> {
  const { oracle, random } = books;
  if (oracle.guards.groups.length === 0) return createGroup(books);
  await move(books, 'joinGroup', random.pick(oracle.guards.groups), someAccounts(books));
}

async function leaveSome(books: Books): Promise<void> {
  const { oracle, random } = books;
  const groups = oracle.guards.groups.filter(({ members }) => members.size > 0);
  if (groups.length === 0) return;
  const group = random.pick(groups);
  await move(books, 'leaveGroup', group, [random.pick([...group.members]), ...someAccounts(books).slice(0, 2)]);
}

async function move(
  { ledger, book, found }: Books,
  way: 'joinGroup' | 'leaveGroup',
  group: OracleGroup,
  accounts: readonly OracleAccount[],
): Promise<void> {
  const { dimension, code, members } = group;
  const before = members.size;
  for (const account of accounts) {
    if (way === 'joinGroup') members.add(account);
    else members.delete(account);
  }
  const ids = accounts.map(({ id }) => id);
  const moved = await ledger[way](book, { dimension, code }, ids);
  found.equal(moved, Math.abs(members.size - before), way, { dimension, code, ids });
}

/** Accounts opened before the group of their code was created; those that were let go join again. */
async function build({ ledger, book, oracle, found }: Books): Promise<void> {
  let joined = 0;
  for (const { accountCode, members } of oracle.guards.groups) {
    for (const account of oracle.accounts.values()) {
      if (account.code !== accountCode || members.has(account)) continue;
      members.add(account);
      joined++;
    }
  }
  found.equal(await ledger.buildGroups(book), joined, 'accounts that joined by their codes');
}

/** Limits near what the group holds, so that they are met; sometimes none any more. */
async function limitSome(books: Books): Promise<void> {
  const { db, ledger, book, oracle, random, found } = books;
  const limited = oracle.guards.groups.filter((group) => group.limits.size > 0);
  const all = oracle.guards.groups;
  if (all.length === 0) return;
  const free = limited.length >= mostLimits;
  const group = random.pick(free ? limited : all);
  const currency = random.pick(Object.keys(currencies));
  const side = random.pick(['debit', 'credit'] as const);
  const sums = { ...oracle.guards.sumsOf(group, currency), side };
  const near = (around: bigint, from: number, to: number) => {
    const limit = around + BigInt(random.integer(from, to));
    return limit > 2n ** 62n || limit < -(2n ** 62n) ? null : limit;
  };
  const minimum = random.chance(0.6) ? near(available(sums), -1_000_000, 50_000) : null;
  const maximum = random.chance(0.6) ? near(reach(sums), -50_000, 1_000_000) : null;
  const crossed = minimum !== null && maximum !== null && minimum > maximum;
  const none = free || random.chance(0.3);
  const limits = { currency, side, minimum: none ? null : minimum, maximum: none ? null : maximum };
  const got = await said(() => db.transaction((tx) => ledger.setGroupLimits(tx, book, keyOf(group), limits)));
  found.equal(got, crossed && !none ? 'group_invalid' : 'ok', 'limiting a group', limits);
  if (got !== 'ok') return;
  if (limits.minimum === null && limits.maximum === null) group.limits.delete(currency);
  else group.limits.set(currency, limits);
}

async function createWindow(books: Books): Promise<void> {
  const { db, ledger, book, oracle, random, found } = books;
  const { windows, groups } = oracle.guards;
  const inForce = windows.filter(({ retired }) => !retired);
  if (inForce.length >= mostWindows) return retire(books);
  const usual = [...oracle.accounts.values()].filter(({ state }) => state === 'open');
  const ofAccount = groups.length === 0 || random.chance(0.35);
  const target = ofAccount ? random.pick(usual) : random.pick(groups);
  const input: WindowInput = {
    code: `w${windows.length}`,
    target: 'members' in target ? keyOf(target) : { accountId: target.id },
    per: !ofAccount && random.chance(0.6) ? 'group' : 'account',
    direction: random.pick(['out', 'in']),
    period: random.pick(['hour', 'hour', 'day', 'day', 'month']),
    currency: 'members' in target || random.chance(0.05) ? random.pick(Object.keys(currencies)) : target.currency,
    ...someMaxima(books),
  };
  const got = await said(() => db.transaction((tx) => ledger.createWindow(tx, book, input)));
  found.equal(got, 'ok', 'creating a window', input);
  const { code, per, direction, period, currency, maximumCount, maximumAmount } = input;
  const maxima = { maximumCount, maximumAmount };
  windows.push({ code, per, direction, period, currency, target, maxima, retired: false, counted: new Map() });
}

function someMaxima({ random }: Books) {
  const maximumCount = random.chance(0.6) ? random.integer(0, random.pick([5, 60, 300])) : null;
  const most = random.pick([50_000, 2_000_000, 20_000_000]);
  const maximumAmount = maximumCount === null || random.chance(0.5) ? BigInt(random.integer(0, most)) : null;
  return { maximumCount, maximumAmount };
}

/** Mostly to somewhat more than has been counted already, so that the new maxima are met. */
async function changeMaxima(books: Books, nowMs: number): Promise<void> {
  const { db, ledger, book, oracle, random, found } = books;
  const windows = oracle.guards.windows.filter(({ retired }) => !retired);
  if (windows.length === 0) return;
  const window = random.pick(windows);
  const [subject = ''] = window.counted.keys();
  const { count, amount } = countedNow(window, subject, nowMs);
  const near = {
    maximumCount: random.chance(0.5) ? count + random.integer(0, 10) : null,
    maximumAmount: amount + BigInt(random.integer(0, 500_000)),
  };
  const maxima = random.chance(0.6) && near.maximumAmount < 2n ** 62n ? near : someMaxima(books);
  const got = await said(() => db.transaction((tx) => ledger.setWindowMaxima(tx, book, window.code, maxima)));
  found.equal(got, 'ok', 'changing a window', { code: window.code, maxima });
  window.maxima = maxima;
}

async function retire({ db, ledger, book, oracle, random, found }: Books): Promise<void> {
  const windows: OracleWindow[] = oracle.guards.windows.filter(({ retired }) => !retired);
  if (windows.length === 0) return;
  const window = random.pick(windows);
  const got = await said(() => db.transaction((tx) => ledger.retireWindow(tx, book, window.code)));
  found.equal(got, 'ok', 'retiring a window', { code: window.code });
  window.retired = true;
}

/** Forwards and backwards; now and then what must not be. */
async function close(books: Books, nowMs: number): Promise<void> {
  const { random } = books;
  const before = (days: number) => isoDate(Date.parse(businessDate(nowMs)) - days * dayMs);
  const closedThrough = random.chance(0.15) ? null : before(random.integer(0, random.pick([3, 20, 60])));
  const sealedThrough = random.chance(0.5) ? null : before(random.integer(1, random.pick([20, 90])));
  await setClosing(books, { closedThrough, sealedThrough }, nowMs);
}

/** Closes and seals up to dates, also such as cannot be. */
export async function setClosing(
  { db, ledger, book, oracle, found }: Books,
  closing: Pick<Guards, 'closedThrough' | 'sealedThrough'>,
  nowMs: number,
): Promise<void> {
  const { closedThrough, sealedThrough } = closing;
  const today = businessDate(nowMs);
  const wrong =
    closedThrough === today || (sealedThrough !== null && (closedThrough === null || sealedThrough > closedThrough));
  const got = await said(() => db.transaction((tx) => ledger.setClosing(tx, book, closing)));
  found.equal(got, wrong ? 'closing_invalid' : 'ok', 'a closing', { ...closing, today });
  if (!wrong) Object.assign(oracle.guards, closing);
}

function keyOf({ dimension, code }: OracleGroup) {
  return { dimension, code };
}
