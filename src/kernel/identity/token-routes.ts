/** Machine tokens over HTTP. */
import { z } from 'zod';
import { type Access, checkPattern, readUnit, refused } from '#kernel/access';
import type { Actor } from '#kernel/context';
import { instantField, pageOf, type RouteModule, textField, uuidField } from '#kernel/http';
import { createToken, listTokens, revokeToken, type TokenIdentity, type TokenRecord } from '#kernel/tokens';
import { actorOf, unitCodes, withoutKeeping } from './routes.ts';

const tokenReply = z
  .object({
    id: z.string(),
    name: z.string(),
    permissions: z.array(z.string()),
    unit: z.string(),
    expires_at: z.string().nullable(),
    created_at: z.string().nullable(),
    last_used_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'Token' });
const tags = ['tokens'];

export const tokenRoutes: RouteModule = (app, deps) => {
  const { clock, db } = deps;
  app.get(
    '/tokens',
    {
      config: { permission: 'token:read' },
      schema: { tags, summary: 'Machine tokens, without their secrets', response: { 200: pageOf(tokenReply) } },
    },
    async () => {
      const units = await unitCodes(db);
      return { items: (await listTokens(db)).map((token) => tokenJson(token, units)), next_cursor: null };
    },
  );
  app.post(
    '/tokens',
    {
      config: { permission: 'token:write' },
      schema: {
        tags,
        summary: 'Make a token with permissions you hold yourself; the secret is shown this once',
        body: z.strictObject({
          name: textField.min(1).max(100),
          permissions: z.array(z.string().max(128)).min(1).max(100),
          unit: z.string().max(32).default('institution'),
          expires_at: instantField,
        }),
        response: { 201: tokenReply.extend({ secret: z.string() }) },
      },
    },
    async (request, reply) => {
      const body = await withoutKeeping(deps, request, async (tx) => {
        const { name, permissions, unit, expires_at: expiresAt } = request.body;
        const { unitId } = await readUnit(tx, unit);
        const patterns = permissions.map(checkPattern);
        if (!(await mayGive(deps.access, actorOf(request), patterns, unitId))) {
          throw refused(`each of ${patterns.join(', ')} in ${unit}`);
        }
        const made = await createToken(tx, name, clock, { permissions: patterns, unitId, expiresAt });
        return { ...tokenJson(made, await unitCodes(tx)), secret: made.secret };
      });
      return reply.code(201).send(body);
    },
  );
  app.delete(
    '/tokens/:id',
    {
      config: { permission: 'token:write' },
      schema: {
        tags,
        summary: 'Revoke a token: within 5 seconds it no longer works',
        params: z.strictObject({ id: uuidField }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await deps.idempotently(request, reply, async (tx) => {
        await revokeToken(tx, request.params.id, clock);
        return { status: 204, body: null };
      });
      deps.tokens.forget();
    },
  );
};

function tokenJson(token: TokenIdentity & Partial<TokenRecord>, units: ReadonlyMap<number, string>) {
  return {
    id: token.tokenId,
    name: token.name,
    permissions: [...token.permissions],
    unit: units.get(token.unitId) ?? '',
    expires_at: token.expiresAt,
    created_at: token.createdAt ?? null,
    last_used_at: token.lastUsedAt ?? null,
    revoked_at: token.revokedAt ?? null,
  };
}

/**
 * Nobody gives a machine more than they hold themselves in its unit, and by their own right: what a colleague lent for some
 * days must not live on in a token.
 */
async function mayGive(access: Access, actor: Actor, patterns: readonly string[], unitId: number): Promise<boolean> {
  const held = await access.ownPatternsIn(actor, unitId);
  return patterns.every((pattern) => held.some((one) => coversPattern(one, pattern)));
}

/** Whether every permission that `narrow` covers is covered by `wide`. */
function coversPattern(wide: string, narrow: string): boolean {
  const [wideResource = '', wideAction = ''] = wide.split(':');
  const [resource = '', action = ''] = narrow.split(':');
  if (wideAction !== '*' && action !== wideAction) return false;
  if (wideResource === '*' || resource === wideResource) return true;
  return wideResource.endsWith('.*') && resource.startsWith(wideResource.slice(0, -1));
}
