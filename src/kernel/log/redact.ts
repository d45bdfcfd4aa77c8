/**
 * What may never reach a log line: credentials, personal data and message bodies. Values are judged by the name of
 * their key, at any depth, because that is the one thing a logger can know about them.
 */

export const REDACTED = '[redacted]';

const DEPTH_LIMIT = 8;
const LIST_LIMIT = 20;
const CAUSE_LIMIT = 4;
const REMEMBERED_KEYS_LIMIT = 2_000;

/** Whole words that make a key sensitive, wherever they stand in it: `customer_name`, `holderPhone`, `x-api-token`. */
const SENSITIVE_WORDS = new Set(
  `authorization cookie cookies credential credentials token tokens secret secrets passphrase apikey
  name names surname firstname lastname fullname nickname mobile telephone fax email mail address addresses
  holder holders accountholder iban passport pan cvv pin idnumber
  body payload headers parameters description`.split(/\s+/),
);

/** Beginnings of words that make a key sensitive: `birth_date`, `birthday`, `passwordHash`, `phonenumber`. */
const SENSITIVE_BEGINNINGS = ['birth', 'passw', 'phone'];

/** Neighbouring words that make a key sensitive although neither does alone. */
const SENSITIVE_PAIRS = new Set(
  `id_number id_card id_no identity_number identity_card national_id account_number account_no card_number card_no
  tax_number tax_id api_key private_key signing_key`.split(/\s+/),
);

/** Technical keys that hold a sensitive word but no sensitive value. */
const HARMLESS_KEYS = new Set(['token_id', 'tokenId', 'table_name', 'file_name', 'schema_name', 'queue_name']);

const remembered = new Map<string, boolean>();

/** Whether a value under `key` must be hidden. snake_case, camelCase and kebab-case keys are judged alike. */
export function isSensitiveKey(key: string): boolean {
  let sensitive = remembered.get(key);
  if (sensitive === undefined) {
    sensitive = judgeKey(key);
    if (remembered.size < REMEMBERED_KEYS_LIMIT) remembered.set(key, sensitive);
  }
  return sensitive;
}

function judgeKey(key: string): boolean {
  if (HARMLESS_KEYS.has(key)) return false;
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some(
    (word, index) =>
      SENSITIVE_WORDS.has(word) ||
      SENSITIVE_BEGINNINGS.some((beginning) => word.startsWith(beginning)) ||
      SENSITIVE_PAIRS.has(`${word}_${words[index + 1] ?? ''}`),
  );
}

/** A copy of a log record that is safe to write: sensitive keys hidden, errors flattened, bigints as decimal text. */
export function redactRecord(record: object): Record<string, unknown> {
  return redactEntries(record, 0);
}

function redactEntries(record: object, depth: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) {
    const hidden = value !== undefined && value !== null && isSensitiveKey(key);
    safe[key] = hidden ? REDACTED : redactValue(value, depth + 1);
  }
  return safe;
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return errorRecord(value, 0);
  if (depth > DEPTH_LIMIT) return '[deeper]';
  if (Array.isArray(value)) {
    const items = value.slice(0, LIST_LIMIT).map((item) => redactValue(item, depth + 1));
    if (value.length > LIST_LIMIT) items.push(`[${value.length - LIST_LIMIT} more]`);
    return items;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return redactEntries(value, depth);
  // Dates and Temporal values say what they are; any other instance (a request, a socket, a buffer) may hold anything.
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const text: unknown = value.toJSON();
    if (typeof text === 'string') return text;
  }
  return `[${value.constructor?.name ?? 'object'}]`;
}

/**
 * The parts of an error that carry no caller data: kind, code, message and stack frames. PostgreSQL puts the offending
 * value into the message of its data exceptions (SQLSTATE class 22) and into `detail`, so those are left out.
 */
function errorRecord(error: Error, depth: number): Record<string, unknown> {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  const holdsValue = typeof severity === 'string' && typeof code === 'string' && code.startsWith('22');
  const record: Record<string, unknown> = { type: error.name, message: holdsValue ? REDACTED : error.message };
  if (typeof code === 'string') record.code = code;
  record.stack = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
  if (error.cause instanceof Error && depth < CAUSE_LIMIT) record.cause = errorRecord(error.cause, depth + 1);
  return record;
}

/**
 * A last net over the finished line, for secrets inside free text: our own tokens, bearer credentials, and passwords in
 * connection strings.
 */
export function scrubLine(line: string): string {
  return line
    .replace(/\blm_[A-Za-z0-9_-]{20,}/g, `lm_${REDACTED}`)
    .replace(/\bBearer\s+[^\s"\\]+/gi, `Bearer ${REDACTED}`)
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"\\]*):[^\s@"\\]+@/gi, `$1:${REDACTED}@`);
}
