/** People over HTTP: staff, for those who administer them; and what everybody may do with what is their own. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { listAssignments, listUnits, readUnit, refused } from '#kernel/access';
import { type Actor, asSystem } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { invariant } from '#kernel/errors';
import {
  decodeCursor,
  type HttpDeps,
  pageFrom,
  pageOf,
  pageQuery,
  type RouteModule,
  textField,
  uuidField,
} from '#kernel/http';
import { identityError } from './errors.ts';
import type { Identity } from './interface.ts';
import { createLink, type NewLink } from './links.ts';
import { locales, type Staff, staffStates } from './model.ts';
import { listStaff, readStaff } from './read.ts';
import { listSessions, revokeOtherSessions, revokeSession } from './sessions.ts';
import { changeStaffState, createStaff, updateStaff } from './staff.ts';

const READ = 'staff:read';
const WRITE = 'staff:write';

const locale = z.enum(locales);
const staffReply = z
  .object({
    id: z.string(),
    login: z.string(),
    name: z.string(),
    email: z.string(),
    locale,
    unit: z.string().describe('Code of the home unit.'),
    state: z.enum(staffStates),
    created_at: z.string(),
  })
  .meta({ id: 'Staff' });
const linkReply = z.object({
  url: z.string().describe('Shown this once; whoever opens it chooses the password.'),
  expires_at: z.string(),
});
const sessionReply = z
  .object({
    id: z.string(),
    begun_at: z.string(),
    last_used_at: z.string(),
    address: z.string().nullable(),
    user_agent: z.string().nullable(),
    current: z.boolean(),
  })
  .meta({ id: 'Session' });
const meReply = z
  .object({
    kind: z.enum(['staff', 'token']),
    id: z.string(),
    name: z.string(),
    login: z.string().nullable(),
    email: z.string().nullable(),
    locale: locale.nullable(),
    unit: z.string().nullable(),
    second_factor: z.boolean(),
    passkeys: z.int(),
    permissions: z.array(z.string()).describe('Patterns of permissions, held in some unit.'),
  })
  .meta({ id: 'Me' });
const byId = z.strictObject({ id: uuidField });
const tags = ['staff'];
const meTags = ['me'];

export function staffRoutes(identity: Identity): RouteModule {
  return (app, deps) => {
    const { clock, db } = deps;
    const { linkHours: hours } = identity;

    app.get(
      '/staff',
      {
        config: { permission: READ },
        schema: {
          tags,
          summary: 'People, by login',
          querystring: z.strictObject({ ...pageQuery, state: z.enum(staffStates).optional() }),
          response: { 200: pageOf(staffReply) },
        },
      },
      async ({ query }) => {
        const [after] = decodeCursor(z.tuple([textField]), query.cursor) ?? [];
        const units = await unitCodes(db);
        const rows = await listStaff(db, { state: query.state, after, limit: query.limit + 1 });
        const { items, next_cursor } = pageFrom(rows, query.limit, ({ login }) => [login]);
        return { items: items.map((staff) => staffJson(staff, units)), next_cursor };
      },
    );
    app.get(
      '/staff/:id',
      {
        config: { permission: READ },
        schema: { tags, summary: 'One person', params: byId, response: { 200: staffReply } },
      },
      async ({ params }) => staffJson(await readStaff(db, params.id), await unitCodes(db)),
    );
    app.post(
      '/staff',
      {
        config: { permission: WRITE },
        schema: {
          tags,
          summary: 'Invite a person; answers the one-time link to hand over',
          body: z.strictObject({
            login: z.string().max(63),
            name: textField.max(100),
            email: z.string().max(254),
            locale: locale.default('zh-CN'),
            unit: z.string().max(32).default('institution'),
          }),
          response: { 201: z.object({ staff: staffReply, link: linkReply }) },
        },
      },
      async (request, reply) => {
        const body = await withoutKeeping(deps, request, async (tx) => {
          const { unit, ...person } = request.body;
          const { unitId } = await readUnit(tx, unit);
          const made = await createStaff(tx, { ...person, unitId }, { linkHours: hours }, clock);
          return { staff: staffJson(made.staff, await unitCodes(tx)), link: linkJson(identity, made.link) };
        });
        return reply.code(201).send(body);
      },
    );
    app.patch(
      '/staff/:id',
      {
        config: { permission: WRITE },
        schema: {
          tags,
          summary: 'Change a person; a new address or unit ends their sessions',
          params: byId,
          body: z.strictObject({
            name: textField.max(100).optional(),
            email: z.string().max(254).optional(),
            locale: locale.optional(),
            unit: z.string().max(32).optional(),
          }),
          response: { 200: staffReply },
        },
      },
      async (request, reply) => {
        await deps.idempotently(request, reply, async (tx) => {
          const { unit, ...patch } = request.body;
          await needReach(deps, tx, request, request.params.id);
          const unitId = unit === undefined ? undefined : (await readUnit(tx, unit)).unitId;
          const staff = await updateStaff(tx, request.params.id, { ...patch, unitId });
          return { status: 200, body: staffJson(staff, await unitCodes(tx)) };
        });
        identity.sessions.forget();
      },
    );
    for (const [change, summary] of [
      ['suspend', 'Keep a person out: sessions end within 5 seconds everywhere'],
      ['reinstate', 'Invite a suspended person anew; they need a new link'],
      ['leave', 'A person leaves for good'],
    ] as const) {
      app.post(
        `/staff/:id/${change}`,
        {
          config: { permission: WRITE },
          schema: { tags, summary, params: byId, body: z.strictObject({}).optional(), response: { 200: staffReply } },
        },
        async (request, reply) => {
          await deps.idempotently(request, reply, async (tx) => {
            await needReach(deps, tx, request, request.params.id);
            const staff = await changeStaffState(tx, request.params.id, change, clock);
            return { status: 200, body: staffJson(staff, await unitCodes(tx)) };
          });
          identity.sessions.forget();
          deps.access.forget();
        },
      );
    }
    app.post(
      '/staff/:id/link',
      {
        config: { permission: WRITE },
        schema: {
          tags,
          summary: 'A one-time link for a new password; links before it stop working',
          params: byId,
          body: z
            .strictObject({
              reset_factors: z.boolean().default(false).describe('Take second factors and passkeys away, too.'),
            })
            .default({ reset_factors: false }),
          response: { 201: linkReply },
        },
      },
      async (request, reply) => {
        const body = await withoutKeeping(deps, request, async (tx) => {
          await needReach(deps, tx, request, request.params.id);
          const staff = await readStaff(tx, request.params.id, true);
          const options = { hours, resetsFactors: request.body.reset_factors };
          return linkJson(identity, await asSystem(() => createLink(tx, staff, options, clock)));
        });
        return reply.code(201).send(body);
      },
    );
  };
}

/** What is one's own: profile and sessions. */
export function meRoutes(identity: Identity): RouteModule {
  return (app, deps) => {
    const { db } = deps;
    const config = { permission: 'signed_in' };
    app.get(
      '/me',
      { config, schema: { tags: meTags, summary: 'Who I am, and what I may do', response: { 200: meReply } } },
      async (request) => {
        const actor = actorOf(request);
        const permissions = [...(await deps.access.patternsOf(actor))];
        const { id, name } = actor;
        if (request.session === null) {
          const nothing = { login: null, email: null, locale: null, unit: null, second_factor: false, passkeys: 0 };
          return { kind: 'token' as const, id, name, ...nothing, permissions };
        }
        return asSystem(async () => {
          const { staffId, email, login, locale, unitId } = await readStaff(db, id);
          const unit = (await unitCodes(db)).get(unitId) ?? null;
          return {
            kind: 'staff' as const,
            id,
            name,
            login,
            email,
            locale,
            unit,
            ...(await factors(staffId)),
            permissions,
          };
        });
      },
    );
    app.patch(
      '/me',
      {
        config,
        schema: {
          tags: meTags,
          summary: 'Change what I may change of myself',
          body: z.strictObject({ locale }),
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const { staffId } = ownSession(request);
        await deps.idempotently(request, reply, (tx) =>
          asSystem(async () => {
            await updateStaff(tx, staffId, request.body);
            return { status: 204, body: null };
          }),
        );
        identity.sessions.forget();
      },
    );
    app.get(
      '/me/sessions',
      { config, schema: { tags: meTags, summary: 'Where I am signed in', response: { 200: pageOf(sessionReply) } } },
      async (request) => {
        const own = ownSession(request);
        const sessions = await asSystem(() => listSessions(db, own.staffId));
        const items = sessions.map((session) => ({
          id: session.sessionId,
          begun_at: session.begunAt,
          last_used_at: session.lastUsedAt,
          address: session.address,
          user_agent: session.userAgent,
          current: session.sessionId === own.sessionId,
        }));
        return { items, next_cursor: null };
      },
    );
    app.delete(
      '/me/sessions/:id',
      {
        config,
        schema: { tags: meTags, summary: 'End one of my sessions', params: byId, response: { 204: z.null() } },
      },
      async (request, reply) => {
        const { staffId } = ownSession(request);
        await asSystem(() => revokeSession(db, staffId, request.params.id));
        identity.sessions.forget();
        return reply.code(204).send(null);
      },
    );
    app.delete(
      '/me/sessions',
      {
        config,
        schema: {
          tags: meTags,
          summary: 'End all my sessions but this',
          response: { 200: z.object({ ended: z.int() }) },
        },
      },
      async (request) => {
        const { staffId, sessionId } = ownSession(request);
        const ended = await asSystem(() => revokeOtherSessions(db, staffId, sessionId));
        identity.sessions.forget();
        return { ended };
      },
    );

    async function factors(staffId: string): Promise<{ second_factor: boolean; passkeys: number }> {
      const { rows } = await db.query<{ second_factor: boolean; passkeys: number }>(
        `select coalesce("twoFactorEnabled", false) as second_factor,
                (select count(*)::int from identity.passkey p where p."userId" = u.id) as passkeys
           from identity."user" u where id = $1`,
        [staffId],
      );
      const [found] = rows;
      invariant(found !== undefined, 'every_person_has_a_user');
      return found;
    }
  };
}

export function actorOf(request: FastifyRequest): Actor {
  invariant(request.actor !== null, 'route_is_behind_authentication');
  return request.actor;
}

/** A machine has no profile of its own. */
function ownSession(request: FastifyRequest) {
  if (request.session === null) throw identityError('session_needed', 'This is for people who are signed in');
  return request.session;
}

/**
 * Whoever changes how somebody signs in could become them. So the right must reach every unit in which that person may
 * do anything: an administrator of a branch cannot take over somebody who has a role at headquarters.
 *
 * @throws `permission_missing`, `staff_not_found` for a person out of sight
 */
async function needReach(deps: HttpDeps, tx: Transaction, request: FastifyRequest, staffId: string): Promise<void> {
  await readStaff(tx, staffId);
  const actor = actorOf(request);
  const present = deps.clock.now().toString();
  const [assignments, units] = await asSystem(() => Promise.all([listAssignments(tx, { staffId }), listUnits(tx)]));
  const idOf = new Map(units.map(({ code, unitId }) => [code, unitId]));
  for (const { unit, validUntil } of assignments) {
    if (validUntil !== null && validUntil <= present) continue;
    const unitId = idOf.get(unit);
    invariant(unitId !== undefined, 'assignments_are_in_units');
    if ((await deps.access.rightIn(actor, WRITE, unitId)) === null) throw refused(WRITE);
  }
}

/**
 * For answers that hold a secret: the work is done in one transaction, and an Idempotency-Key stands for one request as
 * everywhere, but the answer is not kept, so a repetition does the work again.
 */
export async function withoutKeeping<T>(
  deps: HttpDeps,
  request: FastifyRequest,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  await deps.claimIdempotencyKey(request);
  return deps.db.transaction(work);
}

/** Codes of all units by their ids. */
export async function unitCodes(db: Queryable): Promise<ReadonlyMap<number, string>> {
  const units = await asSystem(() => listUnits(db));
  return new Map(units.map(({ unitId, code }) => [unitId, code]));
}

function staffJson(staff: Staff, units: ReadonlyMap<number, string>) {
  const { staffId, login, name, email, locale, unitId, state, createdAt } = staff;
  return { id: staffId, login, name, email, locale, unit: units.get(unitId) ?? '', state, created_at: createdAt };
}

function linkJson(identity: Identity, link: NewLink) {
  return { url: identity.linkUrl(link), expires_at: link.expiresAt };
}
