/** What an entry of the trail holds, and how it is made fit to be stored. Pure. */
import type { Actor } from '#kernel/context';
import { auditError } from './errors.ts';
import { plainText, plainTextOrNull } from './text.ts';

/** Who or what something was about. */
export interface AuditSubject {
  /** What it is in one word of the house: `party`, `account`, `staff`. `^[a-z][a-z0-9_.]{0,63}$`. */
  readonly kind: string;
  /** Its identifier; never a name. */
  readonly id: string;
  /** To which unit it belongs, when that is known: decides who may see the entry. */
  readonly unitId?: number | undefined;
}

export type AuditEffect = 'read' | 'change';

/** Somebody acting. `unknown` is a caller who has not said who he is, or not believably. */
export interface AuditActor extends Omit<Actor, 'kind'> {
  readonly kind: Actor['kind'] | 'unknown';
}

/** One entry before it has its place in the trail. */
export interface AuditInput {
  /** RFC 3339: when it was answered. */
  readonly at: string;
  readonly actor: AuditActor;
  readonly onBehalfOf: AuditActor | null;
  /** The permission that was needed, or a name of the same form for what was done. */
  readonly action: string;
  readonly effect: AuditEffect;
  readonly method: string | null;
  /** The pattern of the address, such as `/api/v1/parties/:id`. */
  readonly route: string | null;
  /** HTTP status. */
  readonly status: number;
  /** The stable code of a refusal. */
  readonly code: string | null;
  readonly subjects: readonly AuditSubject[];
  /** Names of fields that were read in plain or changed. */
  readonly fields: readonly string[];
  /** The unit of what no subject says a unit of. */
  readonly unitId: number;
  readonly address: string | null;
  readonly traceId: string | null;
  readonly approvalId: string | null;
  readonly reason: string | null;
  /** Base64 of 32 bytes. */
  readonly requestDigest: string | null;
}

/** Subjects of one entry at most; what is about more becomes several entries. */
export const SUBJECTS_LIMIT = 200;
const FIELDS_LIMIT = 100;
const NAME_LIMIT = 200;
const REASON_LIMIT = 2_000;

const subjectKind = /^[a-z][a-z0-9_.]{0,63}$/;

/** A subject as it is stored and asked for: `kind:id`. Error: `audit_subject_invalid`. */
export function subjectText({ kind, id }: AuditSubject): string {
  const plain = plainText(id, NAME_LIMIT);
  if (!subjectKind.test(kind) || plain === '' || plain !== id) {
    throw auditError('audit_subject_invalid', 'A subject is a kind and an identifier of 1 to 200 visible characters');
  }
  return `${kind}:${id}`;
}

/** Reads `kind:id`. Error: `audit_subject_invalid`. */
export function parseSubject(text: string): AuditSubject {
  const colon = text.indexOf(':');
  const subject = { kind: text.slice(0, Math.max(colon, 0)), id: text.slice(colon + 1) };
  subjectText(subject);
  return subject;
}

/** An entry as `kernel.append_audit` takes it. */
export type AuditRow = Readonly<Record<string, string | number | null | readonly string[]>>;

/**
 * The rows of one entry: one per unit, as who may see an entry is decided by its unit, with at most {@link SUBJECTS_LIMIT}
 * subjects each.
 */
export function rowsOf(entry: AuditInput): AuditRow[] {
  const byUnit = new Map<number, Set<string>>();
  for (const subject of entry.subjects) {
    const unitId = subject.unitId ?? entry.unitId;
    const known = byUnit.get(unitId) ?? new Set();
    byUnit.set(unitId, known.add(subjectText(subject)));
  }
  if (byUnit.size === 0) byUnit.set(entry.unitId, new Set());
  const shared = sharedFields(entry);
  return [...byUnit].flatMap(([unit_id, subjects]) =>
    piecesOf([...subjects]).map((piece) => ({ ...shared, unit_id, subjects: piece })),
  );
}

function sharedFields(entry: AuditInput): AuditRow {
  const { actor, onBehalfOf } = entry;
  return {
    at: entry.at,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: plainText(actor.name, NAME_LIMIT),
    behalf_kind: onBehalfOf?.kind ?? null,
    behalf_id: onBehalfOf?.id ?? null,
    behalf_name: onBehalfOf === null ? null : plainText(onBehalfOf.name, NAME_LIMIT),
    action: plainTextOrNull(entry.action, NAME_LIMIT) ?? 'unknown',
    effect: entry.effect,
    method: plainTextOrNull(entry.method, 20),
    route: plainTextOrNull(entry.route, NAME_LIMIT),
    status: entry.status,
    code: plainTextOrNull(entry.code, NAME_LIMIT),
    fields: [...new Set(entry.fields.map((field) => plainText(field, 64)))].sort().slice(0, FIELDS_LIMIT),
    address: plainTextOrNull(entry.address, 100),
    trace_id: plainTextOrNull(entry.traceId, 64),
    approval_id: entry.approvalId,
    reason: plainTextOrNull(entry.reason, REASON_LIMIT),
    request_digest: entry.requestDigest,
  };
}

function piecesOf(subjects: readonly string[]): (readonly string[])[] {
  const pieces: (readonly string[])[] = [];
  for (let start = 0; start === 0 || start < subjects.length; start += SUBJECTS_LIMIT) {
    pieces.push(subjects.slice(start, start + SUBJECTS_LIMIT));
  }
  return pieces;
}
