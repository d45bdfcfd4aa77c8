/** Parties over HTTP: creating, finding, reading, changing; what hangs on them is in the other route files. */
import type { z } from 'zod';
import { readUnit } from '#kernel/access';
import { currentContext } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { decodeCursor, type HttpDeps, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { newId } from '#kernel/ids';
import type { Lists } from './checked.ts';
import { listConsents } from './consents.ts';
import {
  type CustomerOf,
  consentJson,
  customerJson,
  labelsOf,
  lineJson,
  partyJson,
  relationJson,
  rightJson,
  verificationJson,
} from './json.ts';
import { proofRoutes } from './proof-routes.ts';
import { relationRoutes } from './relation-routes.ts';
import { listRelations } from './relations/service.ts';
import { listRights } from './rights/service.ts';
import * as schemas from './schemas.ts';
import { listParties, type PartyFilter } from './search.ts';
import { changeParty, createParties, type PartyDeps, readParty, today } from './service.ts';
import { lookAt, personalPermission, type Sight, sightOf } from './sight.ts';
import { findParties } from './store.ts';
import { uniquenessRoutes } from './uniqueness/routes.ts';
import type { VerificationPort } from './verification/port.ts';
import { listVerifications } from './verification/service.ts';

export interface PartyRoutesOptions {
  readonly timeZone: string;
  readonly verification: VerificationPort;
  /** The customers that some parties are, with all books, as far as the present request sees them. Default: nobody is one. */
  readonly customersOf?: (db: Queryable, partyIds: readonly string[]) => Promise<readonly CustomerOf[]>;
}

/** The parts of the page of one party (客户 360 视图), beside the party itself. */
const overview = schemas.partyReply
  .extend({
    relations: schemas.relationReply.array().describe('Those that hold today.'),
    consents: schemas.consentReply.array(),
    rights: schemas.rightReply.array(),
    verifications: schemas.verificationReply.array().describe('The latest first.'),
    customers: schemas.customerReply.array().describe('Account trees, for whoever may read them where they are kept.'),
  })
  .meta({ id: 'PartyOverview' });

const tags = ['parties'];

/** Routes below /api/v1/parties. */
export function partyRoutes(options: PartyRoutesOptions): RouteModule {
  return async (app, deps) => {
    const room: PartyDeps = { db: deps.db, clock: deps.clock, timeZone: options.timeZone };
    deps.access.declare(personalPermission);
    const customersOf = async (db: Queryable, partyIds: readonly string[]) => {
      const { actor } = currentContext();
      const shown = [];
      for (const customer of (await options.customersOf?.(db, partyIds)) ?? []) {
        const right = await deps.access.rightIn(actor, 'account_centre:read', customer.unitId);
        if (right !== null) shown.push(customerJson(customer));
      }
      return shown;
    };

    app.post(
      '/parties',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Create a person or an organisation',
          body: schemas.partyBody,
          response: { 201: schemas.partyReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { body } = request;
          const { unitId } = await readUnit(tx, body.unit);
          const id = body.id ?? newId(deps.clock);
          await createParties(room, tx, [
            { id, unitId, kind: body.kind, ...factsOf(body), ...listsOf(body), names: body.names ?? [] },
          ]);
          return { status: 201, body: await partyJson(await readParty(tx, id), sightOf(deps, tx)) };
        }),
    );
    app.get(
      '/parties',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'Parties by id; merged ones are not listed beside their survivor',
          querystring: schemas.listQuery,
          response: { 200: pageOf(schemas.partyLine) },
        },
      },
      (request) => page(deps, sightOf(deps), request.query, { kind: request.query.kind }),
    );
    app.post(
      '/parties/search',
      {
        config: { permission: 'party:read', personal: true, audit: 'none' },
        schema: {
          tags,
          summary: 'Find parties by name, number or contact',
          description: 'A POST, because what is looked for is personal data and does not belong into addresses.',
          body: schemas.searchBody,
          response: { 200: pageOf(schemas.partyLine) },
        },
      },
      (request) => {
        const { body } = request;
        const { kind, name, identifier, identifier_kind: identifierKind, mobile, email } = body;
        const filter = { kind, name, identifier, identifierKind, mobile, email };
        return page(deps, sightOf(deps), body, filter);
      },
    );
    app.get(
      '/parties/:id',
      {
        config: { permission: 'party:read', personal: true },
        schema: {
          tags,
          summary: 'All of a party: itself, relations, consents, rights, verifications; of a merged one, the survivor',
          params: schemas.idParams,
          response: { 200: overview },
        },
      },
      (request) =>
        deps.db.transaction(
          async (tx) => {
            await lookAt(tx, request.params.id);
            const sight = sightOf(deps, tx);
            const party = await readParty(tx, request.params.id);
            const relations = await listRelations(tx, party.id, today(room));
            const names = await findParties(tx, [...new Set(relations.flatMap(({ from, to }) => [from, to]))]);
            const labels = await labelsOf(names, sight);
            return {
              ...(await partyJson(party, sight)),
              relations: relations.map((relation) => relationJson(relation, labels)),
              consents: (await listConsents(tx, party.id)).map(consentJson),
              rights: (await listRights(tx, party.id)).map(rightJson),
              verifications: (await listVerifications(tx, party.id)).map(verificationJson),
              customers: await customersOf(tx, [party.id, ...party.mergedIds]),
            };
          },
          { isolation: 'repeatable read' },
        ),
    );
    app.patch(
      '/parties/:id',
      {
        config: { permission: 'party:write' },
        schema: {
          tags,
          summary: 'Change a party that is still as it was read; what is not named stays',
          params: schemas.idParams,
          body: schemas.changeBody,
          response: { 200: schemas.partyReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { body, params } = request;
          await lookAt(tx, params.id);
          const { version, state, add, end } = body;
          const change = { ...factsOf(body), state, add: add === undefined ? undefined : listsOf(add), end };
          const party = await changeParty(room, tx, params.id, version, change);
          return { status: 200, body: await partyJson(party, sightOf(deps, tx)) };
        }),
    );
    await relationRoutes(room)(app, deps);
    await proofRoutes(room, options.verification)(app, deps);
    await uniquenessRoutes(app, deps);
  };
}

async function page(
  { db }: HttpDeps,
  sight: Sight,
  { unit, limit, cursor }: z.output<typeof schemas.listQuery>,
  filter: PartyFilter,
) {
  const after = decodeCursor(schemas.idCursor, cursor)?.[0];
  const unitId = unit === undefined ? undefined : (await readUnit(db, unit)).unitId;
  const rows = await listParties(db, { ...filter, unitId }, { after, limit: limit + 1 });
  const { items, next_cursor } = pageFrom(rows, limit, ({ id }) => [id]);
  const lines = [];
  for (const row of items) lines.push(await lineJson(row, sight));
  return { items: lines, next_cursor };
}

/** What is named, by its own name; a field that is not named stays undefined and changes nothing. */
function factsOf(body: Pick<z.output<typeof schemas.partyBody>, 'birth_date' | 'sex' | 'nationality' | 'founded_on'>) {
  return { birthDate: body.birth_date, sex: body.sex, nationality: body.nationality, foundedOn: body.founded_on };
}

function listsOf({
  names,
  identifiers,
  addresses,
  contacts,
}: z.output<typeof schemas.changeBody.shape.add> & object): Lists {
  return {
    names,
    identifiers: identifiers?.map(({ kind, value, country, ...more }) => ({
      kind,
      value,
      country,
      issuedBy: more.issued_by,
      issuedOn: more.issued_on,
      expiresOn: more.expires_on,
      upgradeOldForm: more.upgrade_old_form,
    })),
    addresses: addresses?.map(({ kind, country, division_code, line, postal_code }) => ({
      kind,
      country,
      divisionCode: division_code,
      line,
      postalCode: postal_code,
    })),
    contacts,
  };
}
