/** The shapes of the trail over HTTP. */
import { z } from 'zod';
import { instantField, integerText, pageQuery, textField, uuidField } from '#kernel/http';
import { parseSubject } from './entry.ts';
import type { AuditFilter } from './search.ts';

const filterFields = {
  actor: uuidField.optional().describe('Id of who acted.'),
  subject: textField.max(300).optional().describe('kind:id, such as party:<id>.'),
  action: textField.max(200).optional().describe('Such as party:read; party:* for all actions on it.'),
  effect: z.enum(['read', 'change']).optional(),
  outcome: z.enum(['done', 'refused', 'failed']).optional(),
  from: instantField.optional().describe('From this instant on.'),
  to: instantField.optional().describe('Before this instant.'),
};

export const filterQuery = z.strictObject(filterFields);
export const searchQuery = z.strictObject({ ...filterFields, ...pageQuery });
export const subjectQuery = z.strictObject({ ...pageQuery });
export const subjectParams = z.object({ kind: textField.max(64), id: textField.max(200) });

/** The filter of a query. Error: `audit_subject_invalid`. */
export function filterOf(query: z.output<typeof filterQuery>): AuditFilter {
  const { actor, subject, ...rest } = query;
  return {
    actorId: actor,
    subject: subject === undefined ? undefined : parseSubject(subject),
    action: rest.action,
    effect: rest.effect,
    outcome: rest.outcome,
    from: rest.from,
    to: rest.to,
  };
}

const actorReply = z.object({
  kind: z.string(),
  id: z.string(),
  name: z.string().nullable().describe('Null: erased.'),
});

export const entryReply = z
  .object({
    sequence: integerText.describe('Position in the trail, without gaps.'),
    recorded_at: z.string(),
    actor: actorReply,
    on_behalf_of: actorReply.nullable(),
    action: z.string(),
    effect: z.enum(['read', 'change']),
    method: z.string().nullable(),
    route: z.string().nullable(),
    status: z.number(),
    code: z.string().nullable(),
    subjects: z.array(z.string()),
    fields: z.array(z.string()),
    unit_id: z.number(),
    address: z.string().nullable(),
    trace_id: z.string().nullable(),
    approval_id: z.string().nullable(),
    reason: z.string().nullable(),
    request_digest: z.string().nullable().describe('SHA-256 of method, address and body, hexadecimal.'),
  })
  .meta({ id: 'AuditEntry' });

export const subjectLineReply = z
  .object({
    sequence: integerText,
    recorded_at: z.string(),
    actor: actorReply,
    on_behalf_of: z.string().nullable(),
    deed: z.object({ zh: z.string(), en: z.string() }).describe('What was done, in words.'),
    action: z.string(),
    status: z.number(),
    reason: z.string().nullable(),
    approval_id: z.string().nullable(),
  })
  .meta({ id: 'AuditSubjectLine' });

export const unmaskBody = z.strictObject({
  subject: z.strictObject({ kind: textField.max(64), id: textField.max(200) }),
  fields: z.array(textField.min(1).max(64)).min(1).max(50).describe('Names of fields; * for all.'),
  reason: textField.min(2).max(500).describe('Why; kept, and shown to whom it is about.'),
});

export const unmaskReply = z
  .object({
    grant_id: z.string(),
    subject: z.string(),
    fields: z.array(z.string()),
    expires_at: z.string(),
  })
  .meta({ id: 'UnmaskGrant' });
