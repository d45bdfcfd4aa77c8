import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ZEROES = /^0+$/;

/**
 * The trace a request belongs to: 32 hexadecimal digits from a valid `traceparent` header, else new ones
 * (W3C Trace Context, https://www.w3.org/TR/trace-context/, section 3.2).
 */
export function traceIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const header = request.headers.traceparent;
  return (typeof header === 'string' ? parseTraceparent(header) : undefined) ?? randomUUID().replaceAll('-', '');
}

function parseTraceparent(header: string): string | undefined {
  const match = TRACEPARENT.exec(header);
  if (match === null) return undefined;
  const [, version = '', traceId = '', parentId = '', rest] = match;
  // Version 00 has exactly four fields; later ones may append more; ff is forbidden, and so are all-zero ids.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  return ZEROES.test(traceId) || ZEROES.test(parentId) ? undefined : traceId;
}
