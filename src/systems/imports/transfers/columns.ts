/** The columns of a file of transfers, and a record as the ledger's transfer. Pure; what the books must decide is left to them. */
import type { TransferInput } from '#engines/ledger';
import { isValidDate, parseInstant } from '#kernel/dates';
import { canonicalUuid, deterministicId } from '#kernel/ids';
import { isCurrency, parseAmountMinor } from '#kernel/money';

/** One record of a file: the line it begins on (from 1) and its values by column, empty ones left out. */
export interface FileRecord {
  readonly line: number;
  readonly values: ReadonlyMap<string, string>;
}

export const COLUMNS: ReadonlySet<string> = new Set([
  'id',
  'kind',
  'debit_account_id',
  'credit_account_id',
  'amount',
  'currency',
  'effective_date',
  'type',
  'description',
  'reference',
  'linked',
  'pending_id',
  'keep_remainder',
  'reversed_id',
  'expires_at',
]);

/** Columns that hold true or false. */
export const FLAGS: ReadonlySet<string> = new Set(['linked', 'keep_remainder']);

type Kind = 'transfer' | 'pending' | 'post' | 'void' | 'reverse';

/** Which columns a kind must have and which it may have besides `id` and the texts. */
const KINDS: Readonly<Record<Kind, { readonly must: readonly string[]; readonly may: readonly string[] }>> = {
  transfer: { must: ['debit_account_id', 'credit_account_id', 'amount', 'currency'], may: ['effective_date'] },
  pending: {
    must: ['debit_account_id', 'credit_account_id', 'amount', 'currency'],
    may: ['effective_date', 'expires_at'],
  },
  post: { must: ['pending_id'], may: ['amount', 'currency', 'effective_date', 'keep_remainder'] },
  void: { must: ['pending_id'], may: ['effective_date'] },
  reverse: { must: ['reversed_id', 'effective_date'], may: [] },
};
const ALWAYS_ALLOWED = new Set(['id', 'kind', 'type', 'description', 'reference', 'linked']);
const LONGEST: Readonly<Record<string, number>> = { type: 64, description: 500, reference: 128 };

/** What a damaged record is told; the reader adds file and line. */
export class DamagedRecord extends Error {}

/** Namespace of the ids of records without one: the book and the fingerprint of the file. */
export interface IdSpace {
  readonly book: string;
  readonly fingerprint: string;
}

/**
 * Judges a record by itself and gives the transfer it stands for. A record without `id` gets one that follows from the
 * book, the content of the whole file and the line, so that the same file again means the same transfers.
 * Throws {@link DamagedRecord} for anything that could not be right in any book.
 */
export function transferOf({ line, values }: FileRecord, ids: IdSpace): TransferInput {
  const kind = kindOf(values.get('kind') ?? 'transfer');
  const { must, may } = KINDS[kind];
  for (const column of must) if (!values.has(column)) throw new DamagedRecord(`${column}: is missing`);
  for (const column of values.keys()) {
    if (ALWAYS_ALLOWED.has(column) || must.includes(column) || may.includes(column)) continue;
    throw new DamagedRecord(`${column}: does not belong to the kind ${kind}`);
  }
  checkAmount(values.get('amount'), values.get('currency'));
  for (const [column, longest] of Object.entries(LONGEST)) {
    const text = values.get(column) ?? '';
    if (text.length > longest) throw new DamagedRecord(`${column}: is longer than ${longest} characters`);
    if (text.includes('\u0000')) throw new DamagedRecord(`${column}: holds a zero character`);
  }
  const date = values.get('effective_date');
  if (date !== undefined && !isValidDate(date))
    throw new DamagedRecord(`effective_date: "${date}" is not a date YYYY-MM-DD`);
  const id = uuid(values, 'id') ?? deterministicId('transfers.record', ids.book, ids.fingerprint, String(line));
  const transfer: { -readonly [Field in keyof TransferInput]: TransferInput[Field] } = { id, kind };
  transfer.debitAccountId = uuid(values, 'debit_account_id');
  transfer.creditAccountId = uuid(values, 'credit_account_id');
  transfer.pendingId = uuid(values, 'pending_id');
  transfer.reversedId = uuid(values, 'reversed_id');
  transfer.amount = values.get('amount');
  transfer.currency = values.get('currency');
  transfer.effectiveDate = date;
  transfer.expiresAt = instant(values.get('expires_at'));
  transfer.linked = flag(values, 'linked');
  transfer.keepRemainder = flag(values, 'keep_remainder');
  transfer.type = values.get('type');
  transfer.description = values.get('description');
  transfer.reference = values.get('reference');
  return transfer;
}

function kindOf(text: string): Kind {
  if (!Object.hasOwn(KINDS, text)) {
    throw new DamagedRecord(`kind: "${text}" is not one of ${Object.keys(KINDS).join(', ')}`);
  }
  return text as Kind;
}

function checkAmount(amount: string | undefined, currency: string | undefined): void {
  if (currency !== undefined && !isCurrency(currency)) {
    throw new DamagedRecord(`currency: "${currency}" is not a currency (currency_unknown)`);
  }
  if (amount === undefined) return;
  if (currency === undefined) throw new DamagedRecord('currency: is missing beside the amount');
  const parsed = parseAmountMinor(amount, currency);
  if (!parsed.ok) throw new DamagedRecord(`amount: "${amount}" is refused (${parsed.code})`);
  if (parsed.amountMinor === 0n) throw new DamagedRecord('amount: is zero (amount_zero)');
  if (parsed.amountMinor < 0n) throw new DamagedRecord(`amount: "${amount}" is negative (amount_negative)`);
}

function uuid(values: FileRecord['values'], column: string): string | undefined {
  const text = values.get(column);
  if (text === undefined) return undefined;
  const id = canonicalUuid(text);
  if (id === undefined) throw new DamagedRecord(`${column}: "${text.slice(0, 50)}" is not a UUID`);
  return id;
}

function instant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    parseInstant(text);
  } catch {
    throw new DamagedRecord(`expires_at: "${text.slice(0, 50)}" is not an instant such as 2030-01-31T12:00:00Z`);
  }
  return text;
}

function flag(values: FileRecord['values'], column: string): boolean | undefined {
  const text = values.get(column);
  if (text === undefined || text === 'false') return undefined;
  if (text !== 'true') throw new DamagedRecord(`${column}: "${text.slice(0, 50)}" is neither true nor false`);
  return true;
}
