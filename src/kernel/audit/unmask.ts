/** Seeing personal data in plain for a short while, for a reason that is kept. */
import type { Clock } from '#kernel/clock';
import { asSystem, currentContext } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { newId } from '#kernel/ids';
import { type AuditSubject, subjectText } from './entry.ts';
import { auditError } from './errors.ts';
import { plainText, plainTextOrNull } from './text.ts';

export interface UnmaskInput {
  readonly subject: AuditSubject;
  /** Names of the fields; `*` for all. */
  readonly fields: readonly string[];
  readonly reason: string;
  /** Default 10. */
  readonly minutes?: number;
}

export interface UnmaskGrant {
  readonly grantId: string;
  readonly subject: string;
  readonly fields: readonly string[];
  readonly reason: string;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

export const UNMASK_MINUTES = 10;

/** Lets who is acting now see fields of a subject in plain. Errors: `audit_subject_invalid`, `audit_reason_missing`. */
export async function grantUnmask(tx: Transaction, clock: Clock, input: UnmaskInput): Promise<UnmaskGrant> {
  const { actor } = currentContext();
  const reason = plainTextOrNull(input.reason, 500);
  if (reason === null || [...reason].length < 2) {
    throw auditError('audit_reason_missing', 'Say why the data must be seen in plain');
  }
  const at = clock.now();
  const grant = {
    grantId: newId(clock),
    subject: subjectText(input.subject),
    fields: [...new Set(input.fields.map((field) => plainText(field, 64)))].sort(),
    reason,
    expiresAt: at.add({ minutes: input.minutes ?? UNMASK_MINUTES }).toString(),
  };
  await asSystem(() =>
    tx.query(
      `insert into kernel.unmask_grant (grant_id, actor_kind, actor_id, subject, fields, reason, granted_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [grant.grantId, actor.kind, actor.id, grant.subject, grant.fields, reason, at.toString(), grant.expiresAt],
    ),
  );
  return grant;
}

/** Which fields of which subjects (`kind:id`) who is acting now may see in plain at this moment, for lists of many. */
export async function unmaskedSubjects({
  db,
  clock,
}: {
  readonly db: Queryable;
  readonly clock: Clock;
}): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { actor } = currentContext();
  const { rows } = await asSystem(() =>
    db.query<{ subject: string; field: string }>(
      `select subject, unnest(fields) as field from kernel.unmask_grant
        where actor_id = $1 and actor_kind = $2 and expires_at > $3`,
      [actor.id, actor.kind, clock.now().toString()],
    ),
  );
  const bySubject = Map.groupBy(rows, ({ subject }) => subject);
  return new Map([...bySubject].map(([subject, ones]) => [subject, new Set(ones.map(({ field }) => field))]));
}

/** Which fields of a subject who is acting now may see in plain at this moment by a grant; `*` stands for all. */
export async function unmaskedFields(
  { db, clock }: { readonly db: Queryable; readonly clock: Clock },
  subject: AuditSubject,
): Promise<ReadonlySet<string>> {
  const { actor } = currentContext();
  const { rows } = await asSystem(() =>
    db.query<{ fields: string[] }>(
      `select fields from kernel.unmask_grant
        where actor_id = $1 and actor_kind = $2 and subject = $3 and expires_at > $4`,
      [actor.id, actor.kind, subjectText(subject), clock.now().toString()],
      { prepare: true },
    ),
  );
  return new Set(rows.flatMap(({ fields }) => fields));
}

/** Whether who is acting now may see a field of a subject in plain by a grant; without a field: any of them. */
export async function mayUnmask(
  deps: { readonly db: Queryable; readonly clock: Clock },
  subject: AuditSubject,
  field?: string,
): Promise<boolean> {
  const fields = await unmaskedFields(deps, subject);
  return field === undefined ? fields.size > 0 : fields.has('*') || fields.has(field);
}
