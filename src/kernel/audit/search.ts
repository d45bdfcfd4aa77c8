/** Reading the trail. What is found is bounded by row-level security: entries of the units the reader may see. */
import { currentContext, withContext } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { type AuditEffect, type AuditSubject, subjectText } from './entry.ts';

/** An entry as it stands in the trail. */
export interface AuditEntry {
  /** 1, 2, 3, … without gaps, in commit order. */
  readonly sequence: bigint;
  readonly recordedAt: string;
  readonly actorKind: 'staff' | 'token' | 'system' | 'unknown';
  readonly actorId: string;
  /** Null when it was erased. */
  readonly actorName: string | null;
  readonly behalfKind: string | null;
  readonly behalfId: string | null;
  readonly behalfName: string | null;
  readonly action: string;
  readonly effect: AuditEffect;
  readonly method: string | null;
  readonly route: string | null;
  readonly status: number;
  readonly code: string | null;
  /** `kind:id` each. */
  readonly subjects: readonly string[];
  readonly fields: readonly string[];
  readonly unitId: number;
  readonly address: string | null;
  readonly traceId: string | null;
  readonly approvalId: string | null;
  readonly reason: string | null;
  /** Hexadecimal. */
  readonly requestDigest: string | null;
}

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly subject?: AuditSubject | undefined;
  /** The action, or all actions of a resource: `party:*`. */
  readonly action?: string | undefined;
  readonly effect?: AuditEffect | undefined;
  readonly outcome?: 'done' | 'refused' | 'failed' | undefined;
  /** RFC 3339; from this instant on. */
  readonly from?: string | undefined;
  /** RFC 3339; before this instant. */
  readonly to?: string | undefined;
  /** Cursor: only entries before this one. */
  readonly before?: bigint | undefined;
}

const entryFields = `sequence, recorded_at as "recordedAt", actor_kind as "actorKind", actor_id as "actorId",
  actor_name as "actorName", behalf_kind as "behalfKind", behalf_id as "behalfId", behalf_name as "behalfName", action, effect,
  method, route, status, code, subjects, fields, unit_id as "unitId", address, trace_id as "traceId",
  approval_id as "approvalId", reason, encode(request_digest, 'hex') as "requestDigest"`;

/** Entries, newest first. Done is a status below 400, refused one below 500, failed the rest. */
export async function searchAudit(db: Queryable, filter: AuditFilter, limit: number): Promise<AuditEntry[]> {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const where = (condition: string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition.replaceAll('$', `$${values.length}`));
  };
  where('sequence < $', filter.before);
  where('actor_id = $', filter.actorId);
  where('subjects @> array[$::text]', filter.subject && subjectText(filter.subject));
  if (filter.action?.endsWith(':*')) where('starts_with(action, $)', filter.action.slice(0, -1));
  else where('action = $', filter.action);
  where('effect = $', filter.effect);
  where('recorded_at >= $', filter.from);
  where('recorded_at < $', filter.to);
  if (filter.outcome !== undefined) conditions.push(outcomes[filter.outcome]);
  const { rows } = await db.query<AuditEntry>(
    `select ${entryFields} from kernel.audit_entry ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
     order by sequence desc limit ${Math.trunc(limit)}`,
    values,
  );
  return rows;
}

const outcomes = {
  done: 'status < 400',
  refused: 'status between 400 and 499',
  failed: 'status >= 500',
} as const;

const PAGE = 1_000;

/**
 * All entries of a filter, newest first, in pages. They are read with the visibility of the caller of this function, whoever
 * asks for the pages: a response is pulled by its socket, outside the request's context.
 */
export function allAudit(db: Queryable, filter: AuditFilter): AsyncGenerator<AuditEntry[]> {
  const context = currentContext();
  return pages((before) => withContext(context, () => searchAudit(db, { ...filter, before }, PAGE)), filter.before);
}

async function* pages(read: (before: bigint | undefined) => Promise<AuditEntry[]>, start: bigint | undefined) {
  let before = start;
  for (;;) {
    const page = await read(before);
    if (page.length > 0) yield page;
    if (page.length < PAGE) return;
    before = page.at(-1)?.sequence;
  }
}

/** The last sequence of the trail, 0n when it is empty. */
export async function auditEnd(db: Queryable): Promise<bigint> {
  const { rows } = await db.query<{ sequence: bigint }>(`select sequence from kernel.audit_head where trail = 'main'`);
  return rows[0]?.sequence ?? 0n;
}
