import { z } from 'zod';
import { instantField, pageQuery, textField, uuidField } from '#kernel/http';

const code = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, 'Not a code of 1 to 32 of a-z, 0-9, _ and -')
  .describe('1 to 32 of a-z, 0-9, _ and -.');
const name = textField.min(1).max(200);
const reason = textField.max(500).default('').describe('For who approves it.');

export const unitReply = z
  .object({
    code: z.string(),
    name: z.string(),
    kind: z.enum(['institution', 'legal_entity', 'branch', 'team']),
    parent: z.string().nullable(),
    closed_at: z.string().nullable(),
  })
  .meta({ id: 'Unit' });
export const unitBody = z.strictObject({
  code,
  name,
  kind: z.enum(['legal_entity', 'branch', 'team']),
  parent: code.default('institution'),
});
export const codeParams = z.strictObject({ code: z.string() });
export const unitPatch = z
  .strictObject({ name: name.optional(), closed: z.literal(true).optional() })
  .refine((patch) => (patch.name ?? patch.closed) !== undefined, 'Nothing to change');

export const roleReply = z
  .object({
    code: z.string(),
    name_zh: z.string(),
    name_en: z.string(),
    permissions: z.array(z.string()),
    built_in: z.boolean(),
  })
  .meta({ id: 'Role' });
export const roleParams = z.strictObject({ code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/) });
export const roleBody = z.strictObject({
  name_zh: name,
  name_en: name,
  permissions: z.array(z.string().max(128)).max(200),
  reason,
});

export const assignmentReply = z
  .object({
    assignment_id: z.string(),
    staff_id: z.string(),
    role: z.string(),
    unit: z.string(),
    valid_from: z.string(),
    valid_until: z.string().nullable(),
  })
  .meta({ id: 'Assignment' });
export const assignmentBody = z.strictObject({
  staff_id: uuidField,
  role: z.string(),
  unit: code.default('institution'),
  valid_from: instantField.optional(),
  valid_until: instantField.optional(),
  reason,
});
export const idParams = z.strictObject({ id: uuidField });
export const assignmentQuery = z.strictObject({ staff_id: uuidField.optional() });

export const delegationReply = z
  .object({
    delegation_id: z.string(),
    from_id: z.string(),
    to_id: z.string(),
    role: z.string().nullable(),
    valid_from: z.string(),
    valid_until: z.string(),
  })
  .meta({ id: 'Delegation' });
export const delegationBody = z.strictObject({
  to_id: uuidField,
  role: z.string().optional().describe('Default all of one’s own roles.'),
  valid_from: instantField.optional(),
  valid_until: instantField,
});

export const waitingReply = z
  .object({ approval: z.object({ request_id: z.string(), expires_at: z.string() }) })
  .describe('Somebody else must approve it first.')
  .meta({ id: 'WaitingForApproval' });

const text2 = z.object({ zh: z.string(), en: z.string() });
const state = z.enum(['waiting', 'approved', 'refused', 'withdrawn', 'expired']);
export const approvalReply = z
  .object({
    request_id: z.string(),
    command: z.string(),
    permission: z.string().describe('What the checker must hold.'),
    title: text2,
    before: z.record(z.string(), z.unknown()),
    after: z.record(z.string(), z.unknown()),
    maker: z.object({ kind: z.enum(['staff', 'token']), id: z.string(), name: z.string(), for: z.string().nullable() }),
    reason: z.string(),
    state,
    created_at: z.string(),
    expires_at: z.string(),
    checker: z.object({ id: z.string(), name: z.string(), for: z.string().nullable() }).nullable(),
    decided_at: z.string().nullable(),
    decision_note: z.string().nullable(),
    status: z.number().nullable().describe('What carrying it out answered.'),
    outcome: z.unknown(),
  })
  .meta({ id: 'ApprovalRequest' });
export const approvalQuery = z.strictObject({
  ...pageQuery,
  state: state.optional(),
  command: z.string().max(128).optional(),
});
export const approvalCursor = z.tuple([instantField, uuidField]);
export const decisionBody = z.strictObject({ note: textField.max(500).default('') });

export const meReply = z.object({
  kind: z.enum(['staff', 'token', 'system']),
  id: z.string(),
  name: z.string(),
  permissions: z.array(z.string()).describe('Patterns of permissions, held in some unit.'),
});
