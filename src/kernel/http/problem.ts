/** RFC 9457 problem details: the one shape of every answer that is not a success. */
import { LongmenError } from '#kernel/errors';
import { httpError } from './errors.ts';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** What Fastify itself refuses, by its code; what is not here and not a LongmenError is our own failure. */
const FRAMEWORK_ERRORS: Readonly<Record<string, () => LongmenError>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupportedContentType,
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: unsupportedContentType,
  FST_ERR_CTP_BODY_TOO_LARGE: () => httpError('body_too_large', 'The body is larger than this server accepts'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    httpError('request_malformed', 'The body is not as long as its Content-Length says'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => httpError('body_missing', 'The request needs a body'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => httpError('json_malformed', 'The body is not acceptable JSON'),
  FST_ERR_BAD_URL: () => httpError('url_malformed', 'The address is not correctly percent-encoded UTF-8'),
  FST_ERR_MAX_PARAM_LENGTH: () => httpError('url_too_long', 'A part of the address is too long'),
};

function unsupportedContentType(): LongmenError {
  return httpError('content_type_unsupported', 'Send the body as application/json');
}

/**
 * The error to tell the caller, for anything that was thrown: LongmenErrors as they are, refusals of the framework by
 * the table above, and `internal_error`, which says nothing of its cause, for all else.
 */
export function publicError(error: unknown): LongmenError {
  if (error instanceof LongmenError) return error;
  if (error instanceof Error) {
    const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
    const known = typeof code === 'string' ? FRAMEWORK_ERRORS[code] : undefined;
    if (known !== undefined) return known();
    if (statusCode === 404) return httpError('route_not_found', 'There is nothing at this address');
    // A connection that breaks while its body arrives is marked 400 by the framework.
    const validation = 'validationContext' in error;
    if (!validation && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      return httpError('request_malformed', 'The request could not be read');
    }
  }
  return httpError('internal_error', 'Something went wrong on our side; quote the trace_id when you report it');
}

/** The JSON text of a problem. Meta data can add members but never replace the standard ones. */
export function problemText(error: LongmenError, traceId: string): string {
  return JSON.stringify(
    {
      type: `urn:longmen:error:${error.code}`,
      title: error.title,
      status: error.status,
      detail: error.message,
      code: error.code,
      trace_id: traceId,
      ...withoutStandardMembers(error.meta),
    },
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
}

const STANDARD_MEMBERS = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'trace_id']);

function withoutStandardMembers(meta: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(meta).filter(([key]) => !STANDARD_MEMBERS.has(key)));
}

/** Headers that belong to a problem: how to authenticate after a 401, when to come back after a 503. */
export function problemHeaders(error: LongmenError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_CONTENT_TYPE };
  if (error.status === 401) {
    const reason = error.code === 'token_missing' ? '' : ', error="invalid_token"';
    headers['www-authenticate'] = `Bearer realm="longmen"${reason}`;
  }
  if (error.status === 429) headers['retry-after'] = String(error.meta.retry_after_seconds ?? 60);
  if (error.status === 503) headers['retry-after'] = '1';
  return headers;
}
