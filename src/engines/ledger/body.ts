/** The body of POST /transfers, checked by hand because it comes 8,192 transfers at a time; the zod schema documents it. */
import { isStorable } from '#kernel/database';
import { jsonPointer, type RequestFault, requestInvalid } from '#kernel/http';
import type { SubmittedKind, TransferInput } from './model.ts';

export interface TransfersBody {
  readonly book: string;
  readonly transfers: TransferInput[];
}

export const DEFAULT_BOOK = 'main';

const submittedKinds: ReadonlySet<unknown> = new Set<SubmittedKind>(['transfer', 'pending', 'post', 'void', 'reverse']);

/** JSON names and the fields they set; all hold text. */
const textFields: ReadonlyMap<string, keyof TransferInput> = new Map([
  ['id', 'id'],
  ['kind', 'kind'],
  ['debit_account_id', 'debitAccountId'],
  ['credit_account_id', 'creditAccountId'],
  ['amount', 'amount'],
  ['currency', 'currency'],
  ['pending_id', 'pendingId'],
  ['reversed_id', 'reversedId'],
  ['expires_at', 'expiresAt'],
  ['effective_date', 'effectiveDate'],
  ['type', 'type'],
  ['description', 'description'],
  ['reference', 'reference'],
]);
const flagFields: ReadonlyMap<string, 'linked' | 'keepRemainder' | 'adjustment'> = new Map([
  ['linked', 'linked'],
  ['adjustment', 'adjustment'],
  ['keep_remainder', 'keepRemainder'],
]);

/** More faults than this are not listed one by one. */
const FAULTS = 20;

/**
 * Judges shape and types only; what a field says is judged transfer by transfer, in order, by the ledger.
 * @throws request_invalid
 */
export function checkTransfers(body: unknown): TransfersBody {
  const faults: RequestFault[] = [];
  const fault = (path: readonly (string | number)[], message: string) => {
    if (faults.length < FAULTS) faults.push({ in: 'body', pointer: jsonPointer(path), message });
  };
  if (!isObject(body)) throw requestInvalid([{ in: 'body', pointer: '', message: 'Expected an object' }]);
  for (const key of Object.keys(body)) if (key !== 'book' && key !== 'transfers') fault([key], 'Unknown field');
  const { book = DEFAULT_BOOK, transfers } = body;
  if (typeof book !== 'string' || !isStorable(book)) fault(['book'], 'Expected text');
  const inputs: TransferInput[] = [];
  if (!Array.isArray(transfers)) fault(['transfers'], 'Expected an array');
  else {
    for (const [index, item] of transfers.entries()) {
      const input = readTransfer(item, index, fault);
      if (input !== undefined) inputs.push(input);
    }
  }
  if (faults.length > 0 || typeof book !== 'string') throw requestInvalid(faults);
  return { book, transfers: inputs };
}

function readTransfer(
  item: unknown,
  index: number,
  fault: (path: readonly (string | number)[], message: string) => void,
): TransferInput | undefined {
  if (!isObject(item)) {
    fault(['transfers', index], 'Expected an object');
    return undefined;
  }
  const input: Partial<Record<keyof TransferInput, string | boolean>> = {};
  for (const key in item) {
    const value = item[key];
    const text = textFields.get(key);
    const flag = flagFields.get(key);
    if (text !== undefined) {
      if (typeof value === 'string') input[text] = value;
      else
        fault(['transfers', index, key], key === 'amount' ? 'Expected decimal text such as "12.30"' : 'Expected text');
    } else if (flag !== undefined) {
      if (typeof value === 'boolean') input[flag] = value;
      else fault(['transfers', index, key], 'Expected true or false');
    } else {
      fault(['transfers', index, key], 'Unknown field');
    }
  }
  const { id, kind } = input;
  if (id === undefined) {
    fault(['transfers', index, 'id'], 'A transfer needs an id (UUID)');
    return undefined;
  }
  if (kind !== undefined && !submittedKinds.has(kind)) {
    fault(['transfers', index, 'kind'], `Expected one of ${[...submittedKinds].join(', ')}`);
  }
  // Every field was put in under its own name and with its own type just above.
  return input as TransferInput;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
