/** Units, roles, assignments and delegations over HTTP. */
import { z } from 'zod';
import {
  closeUnit,
  createUnit,
  delegate,
  endAssignment,
  endDelegation,
  listAssignments,
  listDelegations,
  listRoles,
  listUnits,
  readAssignment,
  renameUnit,
} from '#kernel/access';
import { asSystem, currentContext } from '#kernel/context';
import type { RouteModule } from '#kernel/http';
import { accessCommands, mustReach } from './commands.ts';
import { assignmentJson, delegationJson, roleJson, unitJson, unitsJson } from './json.ts';
import * as schemas from './schemas.ts';

const tags = ['access'];

/** Routes below /api/v1/units, /roles, /permissions, /assignments, /delegations and /me. */
export const accessRoutes: RouteModule = (app, deps) => {
  const { db, clock, access } = deps;
  const { changeRole, assign } = accessCommands(deps);

  app.get(
    '/me/permissions',
    {
      config: { permission: 'signed_in' },
      schema: { tags, summary: 'Who is signed in, and what they may do somewhere', response: { 200: schemas.meReply } },
    },
    async () => {
      const { actor } = currentContext();
      const { kind, id, name } = actor;
      return { kind, id, name, permissions: [...(await access.patternsOf(actor))] };
    },
  );
  app.get(
    '/units',
    {
      config: { permission: 'access.unit:read' },
      schema: {
        tags,
        summary: 'The organisation in scope, units before those below them',
        response: { 200: z.object({ items: z.array(schemas.unitReply) }) },
      },
    },
    async () => ({ items: unitsJson(await listUnits(db)) }),
  );
  app.post(
    '/units',
    {
      config: { permission: 'access.unit:write' },
      schema: {
        tags,
        summary: 'Make a unit; the same again changes nothing',
        body: schemas.unitBody,
        response: { 201: schemas.unitReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        await mustReach(tx, request.body.parent);
        const made = await asSystem(() => createUnit(tx, request.body, clock));
        access.forget();
        return { status: 201, body: unitJson(made, request.body.parent) };
      }),
  );
  app.patch(
    '/units/:code',
    {
      config: { permission: 'access.unit:write' },
      schema: {
        tags,
        summary: 'Rename a unit, or close it',
        params: schemas.codeParams,
        body: schemas.unitPatch,
        response: { 200: schemas.unitReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        const { code } = request.params;
        let unit = await mustReach(tx, code);
        const { name, closed } = request.body;
        if (name !== undefined) unit = await asSystem(() => renameUnit(tx, code, name));
        if (closed === true) unit = await asSystem(() => closeUnit(tx, code, clock));
        const above = (await listUnits(tx)).find(({ unitId }) => unitId === unit.parentId);
        return { status: 200, body: unitJson(unit, above?.code ?? null) };
      }),
  );
  app.get(
    '/permissions',
    {
      config: { permission: 'access.role:read' },
      schema: {
        tags,
        summary: 'Everything that can be permitted',
        response: { 200: z.object({ items: z.array(z.string()) }) },
      },
    },
    async () => ({ items: [...access.permissions].sort() }),
  );
  app.get(
    '/roles',
    {
      config: { permission: 'access.role:read' },
      schema: { tags, summary: 'All roles', response: { 200: z.object({ items: z.array(schemas.roleReply) }) } },
    },
    async () => ({ items: (await listRoles(db)).map(roleJson) }),
  );
  app.put(
    '/roles/:code',
    {
      config: { permission: 'access.role:write', reach: 'institution' },
      schema: {
        tags,
        summary: 'Make a role or change one; under four eyes',
        params: schemas.roleParams,
        body: schemas.roleBody,
        response: { 200: schemas.roleReply, 202: schemas.waitingReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, (tx) => {
        const { name_zh: nameZh, name_en: nameEn, permissions, reason } = request.body;
        return changeRole(tx, { code: request.params.code, nameZh, nameEn, permissions }, reason);
      }),
  );
  app.get(
    '/assignments',
    {
      config: { permission: 'access.role:read' },
      schema: {
        tags,
        summary: 'Who has which role where, also what ended',
        querystring: schemas.assignmentQuery,
        response: { 200: z.object({ items: z.array(schemas.assignmentReply) }) },
      },
    },
    async ({ query }) => {
      const { visibility } = currentContext();
      const unitIds = visibility === 'all' ? undefined : visibility;
      const found = await asSystem(() => listAssignments(db, { staffId: query.staff_id, unitIds }));
      return { items: found.map(assignmentJson) };
    },
  );
  app.post(
    '/assignments',
    {
      config: { permission: 'access.role:write' },
      schema: {
        tags,
        summary: 'Give somebody a role in a unit and all below it; under four eyes',
        body: schemas.assignmentBody,
        response: { 201: schemas.assignmentReply, 202: schemas.waitingReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, (tx) => {
        const { staff_id: staffId, role, unit, valid_from: validFrom, valid_until: validUntil, reason } = request.body;
        return assign(tx, { staffId: staffId.toLowerCase(), role, unit, validFrom, validUntil }, reason);
      }),
  );
  app.delete(
    '/assignments/:id',
    {
      config: { permission: 'access.role:write' },
      schema: { tags, summary: 'End an assignment now', params: schemas.idParams, response: { 204: z.null() } },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        const { unit } = await asSystem(() => readAssignment(tx, request.params.id));
        await mustReach(tx, unit);
        await asSystem(() => endAssignment(tx, request.params.id, clock));
        access.forget();
        return { status: 204 };
      }),
  );
  app.get(
    '/me/delegations',
    {
      config: { permission: 'signed_in' },
      schema: {
        tags,
        summary: 'Who stands in for me, and for whom I do',
        response: { 200: z.object({ items: z.array(schemas.delegationReply) }) },
      },
    },
    async () => ({
      items: (await asSystem(() => listDelegations(db, currentContext().actor.id))).map(delegationJson),
    }),
  );
  app.post(
    '/me/delegations',
    {
      config: { permission: 'signed_in' },
      schema: {
        tags,
        summary: 'Let a colleague use my roles for a time',
        body: schemas.delegationBody,
        response: { 201: schemas.delegationReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        const { to_id, role, valid_from: validFrom, valid_until: validUntil } = request.body;
        const input = { fromId: currentContext().actor.id, toId: to_id.toLowerCase(), role, validFrom, validUntil };
        const made = await asSystem(() => delegate(tx, input, clock));
        access.forget();
        return { status: 201, body: delegationJson(made) };
      }),
  );
  app.delete(
    '/me/delegations/:id',
    {
      config: { permission: 'signed_in' },
      schema: {
        tags,
        summary: 'End a delegation that I gave or received',
        params: schemas.idParams,
        response: { 204: z.null() },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        await asSystem(() => endDelegation(tx, request.params.id, currentContext().actor.id, clock));
        access.forget();
        return { status: 204 };
      }),
  );
};
