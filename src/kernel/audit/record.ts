/** What the running request has to say for the trail: collected while it is worked on, written when it is over. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { currentContext, type Visibility } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { type AuditActor, type AuditEffect, type AuditInput, type AuditSubject, subjectText } from './entry.ts';

/** What a room says of something it did, beside what is known of the request. */
export interface AuditNote {
  /** What was done, in the form of a permission: `party:merge`. */
  readonly action: string;
  readonly subjects: readonly AuditSubject[];
  readonly fields?: readonly string[];
  readonly reason?: string | null;
  /** HTTP status that says how it ended; default 200. */
  readonly status?: number;
  /** The stable code of a refusal. */
  readonly code?: string | null;
  readonly effect?: AuditEffect;
  /** Who did it, where that is not who is acting: somebody who is just signing in. */
  readonly actor?: AuditActor;
}

/** Collects for one request. */
export interface RequestRecord {
  readonly subjects: Map<string, AuditSubject>;
  readonly fields: Set<string>;
  reason: string | null;
  /** Whether a handler has said that it read personal data. */
  personal: boolean;
  /** The transaction the answer depends on, while it is open. */
  transaction: Transaction | null;
  /** Entries besides that of the request itself, which go into its transaction. */
  changes: Omit<AuditInput, 'method' | 'route' | 'requestDigest'>[];
  /** Whether its entry stands in the trail, or will with the transaction. */
  written: boolean;
}

const storage = new AsyncLocalStorage<RequestRecord>();

export function newRecord(): RequestRecord {
  return {
    subjects: new Map(),
    fields: new Set(),
    reason: null,
    personal: false,
    transaction: null,
    changes: [],
    written: false,
  };
}

/** The record of the running request; undefined outside one. */
export function currentRecord(): RequestRecord | undefined {
  return storage.getStore();
}

export function withRecord<T>(record: RequestRecord, work: () => T): T {
  return storage.run(record, work);
}

/**
 * Names whom or what the running request is about; call it as soon as it is known, also when it is then refused. Outside a
 * request it does nothing. Error: `audit_subject_invalid`.
 */
export function auditSubject(subject: AuditSubject): void {
  const record = currentRecord();
  record?.subjects.set(subjectText(subject), subject);
}

/**
 * Says that the running request reads personal data of these subjects, so that it is recorded whatever its route says.
 *
 * @param about names of the fields shown in plain, and the reason that was given.
 */
export function auditRead(
  subjects: readonly AuditSubject[],
  about: { readonly fields?: readonly string[]; readonly reason?: string } = {},
): void {
  const record = currentRecord();
  if (record === undefined) return;
  for (const subject of subjects) auditSubject(subject);
  for (const field of about.fields ?? []) record.fields.add(field);
  record.reason = about.reason ?? record.reason;
  record.personal = true;
}

/** The unit of what no subject says a unit of: the first of those that may be seen, which are sorted; else the institution. */
export function unitOf(visibility: Visibility): number {
  return visibility === 'all' ? INSTITUTION : (visibility[0] ?? INSTITUTION);
}

/** Unit 1 is the institution itself. */
const INSTITUTION = 1;

/** An entry of its own in the name of who is acting now. */
export function entryOfNote(note: AuditNote, at: string): Omit<AuditInput, 'method' | 'route' | 'requestDigest'> {
  const { actor, onBehalfOf, visibility, traceId, address, approvalId } = currentContext();
  return {
    at,
    actor: note.actor ?? actor,
    onBehalfOf,
    action: note.action,
    effect: note.effect ?? 'change',
    status: note.status ?? 200,
    code: note.code ?? null,
    subjects: note.subjects,
    fields: note.fields ?? [],
    unitId: unitOf(visibility),
    address,
    traceId,
    approvalId,
    reason: note.reason ?? null,
  };
}
