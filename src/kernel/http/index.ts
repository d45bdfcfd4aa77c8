/**
 * The HTTP door: builds the server, and gives rooms what they need to write their routes. A room exports a
 * {@link RouteModule}; its schemas are zod, strict (`z.strictObject`) on the way in, so that unknown fields are refused.
 */
export { refuseForeignWrite } from './auth.ts';
export { bodyCheckedBy, integerText, sendJson } from './body.ts';
export { buildHttp } from './build.ts';
export { httpError, jsonPointer, type RequestFault, requestInvalid } from './errors.ts';
export { dateField, instantField, textField, uuidField } from './fields.ts';
export { type Answer, bodyDigest, type Idempotency, purgeIdempotencyKeys } from './idempotency.ts';
export { decodeCursor, encodeCursor, PAGE_LIMIT, type Page, pageFrom, pageOf, pageQuery } from './paging.ts';
export type {
  GuardedRoute,
  HttpApp,
  HttpDeps,
  HttpOptions,
  RequestAudit,
  RouteModule,
  SessionIdentity,
  SessionVerifier,
} from './types.ts';
