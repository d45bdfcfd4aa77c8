/**
 * Errors of the house. Every cause has one stable code (lower_snake_case), declared once in the room that owns it with
 * the HTTP status it maps to; the HTTP door turns it into RFC 9457 problem details and the command line into one line.
 */

/** What a room declares about one of its codes: the HTTP status and a one-line English title. */
export interface ErrorKind {
  readonly status: number;
  readonly title: string;
}

/** An error a caller can act on. `code` is stable; `detail` is for people; `meta` holds machine-readable particulars. */
export class LongmenError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly meta: Readonly<Record<string, unknown>>;

  constructor(code: string, kind: ErrorKind, detail: string, meta: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.name = 'LongmenError';
    this.code = code;
    this.status = kind.status;
    this.title = kind.title;
    this.meta = meta;
  }
}

const registered = new Map<string, ErrorKind>();

/**
 * Declares the closed list of error codes of one room and returns the function that makes them.
 * A code declared twice anywhere in the house is an invariant violation.
 *
 * @example
 * const ledgerError = defineErrors({ account_not_found: { status: 404, title: 'Account not found' } });
 * throw ledgerError('account_not_found', 'No account 42 in book main', { account_id: '42' });
 */
export function defineErrors<Kinds extends Record<string, ErrorKind>>(kinds: Kinds) {
  for (const [code, kind] of Object.entries(kinds)) {
    invariant(!registered.has(code), `error_code_declared_once:${code}`);
    registered.set(code, kind);
  }
  return (code: keyof Kinds & string, detail: string, meta: Readonly<Record<string, unknown>> = {}): LongmenError => {
    const kind = kinds[code];
    invariant(kind !== undefined, 'error_code_is_declared');
    return new LongmenError(code, kind, detail, meta);
  };
}

/** All codes declared so far, for the API reference. */
export function errorCodes(): ReadonlyMap<string, ErrorKind> {
  return registered;
}

/** A state that cannot happen, happened: the name says which invariant broke. Never a caller's fault. */
export class InvariantError extends Error {
  readonly invariant: string;
  constructor(name: string) {
    super(`invariant broken: ${name}`);
    this.name = 'InvariantError';
    this.invariant = name;
  }
}

/** Throws {@link InvariantError} named `name` unless `condition` holds. Stays on in production. */
export function invariant(condition: unknown, name: string): asserts condition {
  if (!condition) throw new InvariantError(name);
}
