/** What the oracle's rules are about: accounts, sums, dates, and what can be said of a transfer without any books. */
import { hash } from 'node:crypto';
import type { Account, OutcomeCode, Side, Transfer, TransferInput } from '#engines/ledger';

export type BothSides<Value> = Record<Side, Value>;
/** Minor units per side, as the ledger's four counters. */
export type Sums = { readonly pending: BothSides<bigint>; readonly posted: BothSides<bigint> };

export interface Movement extends Pick<Transfer, 'id' | 'amount' | 'effectiveDate'> {
  readonly kind: string;
  readonly accounts: BothSides<OracleAccount>;
  readonly expiresMs: number;
  readonly adjustment: boolean;
}

/** What an accepted transfer changed of one side of one account. */
export interface Entry extends Pick<Transfer, 'sequence'> {
  readonly movement: Movement;
  readonly recordedUs: number;
  readonly side: Side;
  readonly pending: bigint;
  readonly posted: bigint;
}

export interface OracleAccount extends Sums, Pick<Account, 'id' | 'currency' | 'code' | 'side'> {
  limits: Account['limits'];
  state: Account['state'];
  readonly entries: Entry[];
}

export const largest = 2n ** 63n - 1n;
export const infinite = 2n ** 80n;
export const sides = ['debit', 'credit'] as const;
const other = { debit: 'credit', credit: 'debit' } as const;
export const exponents: Readonly<Record<string, number>> = { CNY: 2, JPY: 0, KWD: 3, USD: 2 };
export const isCurrency = (code: string): boolean => code in exponents;

/** The time in Shanghai: eight hours ahead of UTC, without summer time in the years of a soak. */
export const shanghaiTime = (nowMs: number): string => new Date(nowMs + 8 * 3_600_000).toISOString();
export const businessDate = (nowMs: number): string => shanghaiTime(nowMs).slice(0, 10);

export const noSums = (): Sums => ({ pending: { debit: 0n, credit: 0n }, posted: { debit: 0n, credit: 0n } });
type Sided = Sums & { readonly side: Side };
export const balance = ({ side, posted }: Sided): bigint => posted[side] - posted[other[side]];
export const available = (it: Sided): bigint => balance(it) - it.pending[other[it.side]];
export const reach = (it: Sided): bigint => balance(it) + it.pending[it.side];

export function add<Into extends Sums>(
  sums: Into,
  entry: Pick<Entry, 'side' | 'pending' | 'posted'>,
  times = 1n,
): Into {
  sums.pending[entry.side] += entry.pending * times;
  sums.posted[entry.side] += entry.posted * times;
  return sums;
}

/** The account's sums from the entries effective by a date and recorded by an instant: both clocks. */
export function sumsAsOf(account: OracleAccount, date: string, recordedUs: number, into: Sums = noSums()): Sums {
  for (const entry of account.entries) {
    if (entry.movement.effectiveDate <= date && entry.recordedUs <= recordedUs) add(into, entry);
  }
  return into;
}

export function isDate(text: string): boolean {
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Minor units of an amount as submitted, or the code that refuses it. */
export function amountOf(amount: bigint | string, currency: string): bigint | OutcomeCode {
  let minor = amount;
  if (typeof minor === 'string') {
    if (!/^-?\d+(\.\d+)?$/.test(minor)) return 'amount_malformed';
    const [whole, fraction = ''] = minor.split('.');
    const decimals = exponents[currency] ?? 0;
    if (fraction.length > decimals) return 'amount_too_many_decimals';
    minor = BigInt(`${whole}${fraction.padEnd(decimals, '0')}`);
  }
  if (minor > largest || minor < -largest) return 'amount_too_large';
  if (minor === 0n) return 'amount_zero';
  return minor < 0n ? 'amount_negative' : minor;
}

/** The fields of each kind, `!` for those it cannot do without. */
const fieldsOf: Readonly<Record<string, string>> = {
  transfer: 'debitAccountId! creditAccountId! amount! currency!',
  pending: 'debitAccountId! creditAccountId! amount! currency! expiresAt',
  post: 'pendingId! amount currency keepRemainder',
  void: 'pendingId!',
  reverse: 'reversedId! effectiveDate!',
};
const longest: Readonly<Record<string, number>> = { type: 64, description: 500, reference: 128 };

const given = (input: TransferInput): [string, unknown][] =>
  Object.entries(input).filter(([, value]) => value !== undefined && value !== false);

export function fieldsFit(input: TransferInput): boolean {
  const fields = (fieldsOf[input.kind ?? 'transfer'] ?? '').split(' ');
  const names = given(input).map(([name]) => name);
  const allowed = ['id', 'kind', 'effectiveDate', 'linked', 'adjustment', ...Object.keys(longest), ...fields];
  return (
    fields.every((field) => !field.endsWith('!') || names.includes(field.slice(0, -1))) &&
    names.every((name) => allowed.includes(name) || allowed.includes(`${name}!`)) &&
    given(input).every(([name, value]) => String(value).length <= (longest[name] ?? Number.POSITIVE_INFINITY))
  );
}

/** What makes two submissions of an id the same: all that is said, amounts by their value. */
export function contentOf(input: TransferInput): string {
  const minor = input.amount === undefined ? '' : amountOf(input.amount, input.currency ?? '');
  const amount = String(typeof minor === 'bigint' ? minor : input.amount);
  return hash('sha256', JSON.stringify(given({ ...input, kind: input.kind ?? 'transfer', amount }).sort()));
}
