/** Retention policies over HTTP. The name of who asks is kept as the actor. */
import { z } from 'zod';
import { currentContext } from '#kernel/context';
import { pageOf, type RouteModule, textField } from '#kernel/http';
import { listRetentionPolicies, type RetentionPolicy, retentionActions, setRetentionPolicy } from './policies.ts';

const policyReply = z
  .object({
    kind: z.string(),
    about: z.string(),
    keep_days: z.int().nullable().describe('Null: for ever.'),
    action: z.enum(retentionActions),
    legal_basis: z.string(),
    actor: z.string().nullable().describe('Null while the shipped policy holds.'),
    changed_at: z.string().nullable(),
  })
  .meta({ id: 'RetentionPolicy' });

export function retentionPolicyJson(policy: RetentionPolicy) {
  return {
    kind: policy.kind,
    about: policy.about,
    keep_days: policy.keepDays,
    action: policy.action,
    legal_basis: policy.legalBasis,
    actor: policy.actor,
    changed_at: policy.changedAt,
  };
}

/** Routes below /api/v1/retention. */
export const retentionRoutes: RouteModule = (app, deps) => {
  const tags = ['retention'];
  app.get(
    '/retention/policies',
    {
      config: { permission: 'retention:read', reach: 'institution' },
      schema: { tags, summary: 'How long each kind of data is kept', response: { 200: pageOf(policyReply) } },
    },
    async () => ({ items: (await listRetentionPolicies(deps.db)).map(retentionPolicyJson), next_cursor: null }),
  );
  app.put(
    '/retention/policies/:kind',
    {
      config: { permission: 'retention:write', reach: 'institution' },
      schema: {
        tags,
        summary: 'Say how long a kind of data is kept, and why; what was said before is kept',
        params: z.strictObject({ kind: z.string() }),
        body: z.strictObject({
          keep_days: z.int().positive().nullable().describe('Null: for ever.'),
          legal_basis: textField.min(1).max(500),
        }),
        response: { 200: policyReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        const { keep_days: keepDays, legal_basis: legalBasis } = request.body;
        const change = { keepDays, legalBasis, actor: currentContext().actor.name };
        const policy = await setRetentionPolicy(tx, request.params.kind, change, deps.clock);
        return { status: 200, body: retentionPolicyJson(policy) };
      }),
  );
};
