/** The process engine's JSON, as zod. */
import { z } from 'zod';
import { pageQuery, uuidField } from '#kernel/http';

export const uuid = uuidField;
const text = z
  .string()
  .min(1)
  .max(1_000)
  .refine((one) => !one.includes('\0'), 'Not text that can be stored');
const document = z
  .string()
  .min(1)
  .refine((one) => !one.includes('\0'), 'Not text that can be stored');
const book = text.default('main').describe('Code of the book.');
const data = z
  .record(z.string(), z.unknown())
  .describe('Decimals are text or {"$number": "12.30"}, dates {"$date": …}.');
const version = z.number().int().positive();
const token = z.number().int().positive();
const reason = text.optional().describe('Why; kept in the trail.');
const status = z.enum(['running', 'suspended', 'completed', 'cancelled', 'failed']);
const actor = z
  .strictObject({ id: text, roles: z.array(text).max(100).default([]) })
  .optional()
  .describe('In whose name the caller acts; by default the token itself. The trail keeps both.');

export const idParams = z.strictObject({ id: uuid });
export const incidentParams = z.strictObject({ id: uuid, token: z.coerce.number().int().min(0) });
export const bookQuery = z.strictObject({ book });

export const deployBody = z.strictObject({ book, actor, document: document.describe('BPMN 2.0 XML.') });
export const deployReply = z.object({
  deployed: z.array(z.object({ process: z.string(), version, definition_id: z.string(), repeated: z.boolean() })),
});
export const decisionsBody = z.strictObject({ book, actor, document: document.describe('DMN XML.') });
export const decisionsReply = z.object({ name: z.string(), version });
export const definitionListQuery = z.strictObject({ book, process: text.optional(), ...pageQuery });
export const definitionCursor = z.tuple([z.string(), z.number()]);
export const definitionReply = z
  .object({
    process: z.string(),
    version,
    name: z.string(),
    deployed_at: z.string(),
    deployed_by: z.string(),
    open_instances: z.number().describe('Instances of this version that have not ended.'),
  })
  .meta({ id: 'ProcessDefinition' });
export const documentParams = z.strictObject({ process: text, version: z.coerce.number().int().positive() });
export const documentReply = z.object({ process: z.string(), version, document: z.string() });

export const startBody = z.strictObject({
  book,
  actor,
  process: text.describe('Id of the process.'),
  version: version.optional().describe('The latest by default.'),
  instance_id: uuid.optional().describe('Chosen by the caller: the same one again starts nothing.'),
  business_key: text.optional(),
  start_event: text.optional().describe('Begins at this start event, with the variables as its payload.'),
  variables: data.default({}),
});
export const startedReply = z.object({ instance_id: z.string(), status, repeated: z.boolean() });
export const instanceListQuery = z.strictObject({
  book,
  process: text.optional(),
  status: status.optional(),
  business_key: text.optional(),
  parent_id: uuid.optional(),
  ...pageQuery,
});
export const instanceCursor = z.tuple([uuid]);
export const instanceReply = z
  .object({
    instance_id: z.string(),
    process: z.string(),
    version,
    status,
    business_key: z.string().nullable(),
    parent_id: z.string().nullable(),
    started_at: z.string(),
    ended_at: z.string().nullable(),
    variables: z.record(z.string(), z.unknown()),
    tokens: z.array(
      z.object({
        token: z.number(),
        node: z.string(),
        waits_for: z.string().nullable(),
        incident: z.object({ code: z.string(), detail: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'ProcessInstance' });
export const historyReply = z.object({
  items: z.array(
    z.object({
      sequence: z.number(),
      token: z.number(),
      node: z.string(),
      entered_at: z.string(),
      left_at: z.string(),
      outcome: z.enum(['completed', 'cancelled', 'error']),
      detail: z.unknown(),
    }),
  ),
});
export const trailReply = z.object({
  items: z.array(z.object({ recorded_at: z.string(), actor: z.string(), action: z.string(), detail: z.unknown() })),
});

export const operationBody = z.strictObject({ book, actor, reason });
export const modifyBody = z.strictObject({
  book,
  actor,
  reason,
  cancel: z.array(token).max(1_000).default([]).describe('Tokens to end.'),
  start: z
    .array(z.strictObject({ node: text, scope: token.optional() }))
    .max(1_000)
    .default([])
    .describe('Nodes to start before.'),
  variables: data.default({}),
});
export const variablesBody = z.strictObject({ book, actor, variables: data, scope: token.optional() });
export const retryBody = z.strictObject({ book, actor, reason, variables: data.default({}) });
export const resolveBody = z.strictObject({ book, actor, reason, result: data.default({}) });

export const taskListQuery = z.strictObject({
  book,
  instance_id: uuid.optional(),
  assignee: text.optional(),
  role: text.optional().describe('Unclaimed tasks this role may claim.'),
  state: z.enum(['open', 'completed', 'cancelled']).default('open'),
  limit: pageQuery.limit,
});
export const taskReply = z
  .object({
    task_id: z.string(),
    instance_id: z.string(),
    token: z.number(),
    node: z.string(),
    name: z.string(),
    state: z.enum(['open', 'completed', 'cancelled']),
    assignee: z.string().nullable(),
    candidate_roles: z.array(z.string()),
    form_key: z.string().nullable(),
    priority: z.number(),
    due_at: z.string().nullable(),
    created_at: z.string(),
    ended_at: z.string().nullable(),
    ended_by: z.string().nullable(),
  })
  .meta({ id: 'ProcessTask' });
export const claimBody = z.strictObject({ book, actor, assignee: text.nullable().describe('Null gives it back.') });
export const completeBody = z.strictObject({ book, actor, result: data.default({}) });
export const errorBody = z.strictObject({
  book,
  actor,
  code: text.describe('Code of the BPMN error.'),
  message: text.optional(),
  variables: data.default({}),
});

export const incidentListQuery = z.strictObject({ book, instance_id: uuid.optional(), limit: pageQuery.limit });
export const incidentReply = z
  .object({
    incident_id: z.string(),
    instance_id: z.string(),
    token: z.number(),
    node: z.string(),
    code: z.string(),
    detail: z.string(),
    opened_at: z.string(),
  })
  .meta({ id: 'ProcessIncident' });

export const messageBody = z.strictObject({
  book,
  name: text,
  key: text.optional(),
  payload: data.default({}),
  message_id: uuid.optional().describe('The same one again changes nothing while the first is remembered.'),
  ttl_ms: z.number().int().positive().max(31_536_000_000).optional(),
});
export const nothing = z.null();
export const messageReply = z.object({ message_id: z.string() });
export const signalBody = z.strictObject({ book, name: text, payload: data.default({}) });

export const migrationBody = z.strictObject({
  book,
  actor,
  process: text,
  from: version,
  to: version,
  mapping: z.record(z.string(), z.string()).default({}).describe('Nodes of the old version to nodes of the new one.'),
  instance_ids: z.array(uuid).max(100_000).optional().describe('Only these; by default all that have not ended.'),
});
export const migrationReply = z.object({
  moved: z.number(),
  refused: z.array(
    z.object({
      instance_id: z.string(),
      problems: z.array(z.object({ code: z.string(), node: z.string(), detail: z.string() })),
    }),
  ),
});
