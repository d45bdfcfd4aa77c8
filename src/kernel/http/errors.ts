/** The error codes of the HTTP door itself; every room adds its own. */
import { defineErrors, type LongmenError } from '#kernel/errors';

export const httpError = defineErrors({
  request_malformed: { status: 400, title: 'Malformed HTTP request' },
  request_timeout: { status: 408, title: 'Request took too long to arrive' },
  request_headers_too_large: { status: 431, title: 'Request headers too large' },
  url_malformed: { status: 400, title: 'Malformed address' },
  url_too_long: { status: 414, title: 'Address too long' },
  json_malformed: { status: 400, title: 'Malformed JSON' },
  body_missing: { status: 400, title: 'Request body missing' },
  body_too_large: { status: 413, title: 'Request body too large' },
  content_type_unsupported: { status: 415, title: 'Content type not supported' },
  request_invalid: { status: 400, title: 'Request does not match its schema' },
  text_unstorable: { status: 400, title: 'Text cannot be stored' },
  cursor_invalid: { status: 400, title: 'Cursor not valid' },
  route_not_found: { status: 404, title: 'No such address' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  csrf_refused: { status: 403, title: 'Change from a foreign page' },
  idempotency_key_invalid: { status: 400, title: 'Idempotency-Key not valid' },
  idempotency_key_reused: { status: 422, title: 'Idempotency-Key used for another request' },
  not_ready: { status: 503, title: 'Not ready' },
  internal_error: { status: 500, title: 'Internal error' },
});

/** One thing wrong with a request. `pointer` is a JSON pointer (RFC 6901) into the part of the request named by `in`. */
export interface RequestFault {
  readonly in: 'body' | 'query' | 'path' | 'header';
  readonly pointer: string;
  readonly message: string;
}

const LISTED_FAULTS_LIMIT = 100;

/** `request_invalid`, 400, with what is wrong and where; a checker of a room's own answers with it like the schemas do. */
export function requestInvalid(faults: readonly RequestFault[]): LongmenError {
  const [first] = faults;
  const where = first === undefined ? '' : `: ${first.in} ${first.pointer || '/'}: ${first.message}`;
  return httpError('request_invalid', `The request does not match its schema${where}`, {
    errors: faults.slice(0, LISTED_FAULTS_LIMIT),
    ...(faults.length > LISTED_FAULTS_LIMIT && { errors_total: faults.length }),
  });
}

/** A JSON pointer from its parts: `jsonPointer(['transfers', 0, 'a/b'])` is `/transfers/0/a~1b`. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
