/** Relations, beneficial owners and groups over HTTP. */

import { z } from 'zod';
import type { Queryable } from '#kernel/database';
import type { RouteModule } from '#kernel/http';
import { newId } from '#kernel/ids';
import { groupJson, labelsOf, ownersJson, relationJson } from './json.ts';
import { readBeneficialOwners, readGroup } from './ownership/service.ts';
import type { Relation } from './relations/model.ts';
import { addRelation, endRelation, listRelations } from './relations/service.ts';
import * as schemas from './schemas.ts';
import { type PartyDeps, today } from './service.ts';
import { lookAt, type Sight, sightOf } from './sight.ts';
import { findParties } from './store.ts';

const tags = ['parties'];

export function relationRoutes(room: PartyDeps): RouteModule {
  return (app, deps) => {
    app.get(
      '/parties/:id/relations',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'Relations of a party, in either direction',
          params: schemas.idParams,
          querystring: schemas.onQuery,
          response: { 200: z.object({ items: schemas.relationReply.array() }) },
        },
      },
      async (request) => {
        await lookAt(deps.db, request.params.id);
        const relations = await listRelations(deps.db, request.params.id, request.query.on);
        return { items: await shown(deps.db, relations, sightOf(deps)) };
      },
    );
    app.post(
      '/parties/:id/relations',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Record that the party is something of another',
          params: schemas.idParams,
          body: schemas.relationBody,
          response: { 201: schemas.relationReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { id = newId(deps.clock), kind, to, percentage, note, valid_from, valid_until } = request.body;
          await lookAt(tx, request.params.id);
          const relation = await addRelation(room, tx, {
            id,
            kind,
            from: request.params.id,
            to,
            percentage,
            note,
            validFrom: valid_from,
            validUntil: valid_until,
          });
          const [body] = await shown(tx, [relation], sightOf(deps, tx));
          return { status: 201, body };
        }),
    );
    app.post(
      '/parties/:id/relations/:row/end',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Say from which day on a relation no longer holds',
          params: schemas.rowParams,
          body: schemas.endBody,
          response: { 200: schemas.relationReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { id, row } = request.params;
          await lookAt(tx, id);
          const relation = await endRelation(room, tx, id, row, request.body.until);
          const [body] = await shown(tx, [relation], sightOf(deps, tx));
          return { status: 200, body };
        }),
    );
    app.get(
      '/parties/:id/beneficial-owners',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'Who in the end owns or controls a company, with every path',
          params: schemas.idParams,
          querystring: schemas.ownersQuery,
          response: { 200: schemas.ownersReply },
        },
      },
      async (request) => {
        const { date = today(room), threshold } = request.query;
        await lookAt(deps.db, request.params.id);
        const answer = await readBeneficialOwners(deps.db, request.params.id, { date, threshold });
        return ownersJson(answer, await labelsOf(answer.parties, sightOf(deps)));
      },
    );
    app.get(
      '/parties/:id/group',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'The group of related companies a party belongs to',
          params: schemas.idParams,
          querystring: schemas.networkQuery,
          response: { 200: schemas.groupReply },
        },
      },
      async (request) => {
        await lookAt(deps.db, request.params.id);
        const answer = await readGroup(deps.db, request.params.id, request.query.date ?? today(room));
        return groupJson(answer, await labelsOf(answer.parties, sightOf(deps)));
      },
    );
  };
}

async function shown(db: Queryable, relations: readonly Relation[], sight: Sight) {
  const names = await findParties(db, [...new Set(relations.flatMap(({ from, to }) => [from, to]))]);
  const labels = await labelsOf(names, sight);
  return relations.map((relation) => relationJson(relation, labels));
}
