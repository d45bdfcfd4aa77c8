/** Uniqueness over HTTP: checks, cases and decisions, merges and splits. Whoever is signed in is kept as the maker. */
import { z } from 'zod';
import { auditSubject } from '#kernel/audit';
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { lookAtAll } from '../sight.ts';
import { decideCase, listCases, type MatchCase, openCases, readCase, split, trailOf } from './cases.ts';
import { type CheckResult, checkUniqueness } from './check.ts';
import { type Merge, mergeParties, mergesOf, readMerge, visibleParty } from './merge.ts';
import * as schemas from './schemas.ts';

const tags = ['parties: uniqueness'];

/** Routes below /api/v1/parties. */
export const uniquenessRoutes: RouteModule = (app, deps) => {
  const { db } = deps;

  app.post(
    '/parties/checks',
    {
      config: { permission: 'party.match:check', personal: true, audit: 'none' },
      schema: {
        tags,
        summary: 'Who among all parties, of whatever unit, may be the one described; nothing is kept',
        body: schemas.checkBody,
        response: { 200: schemas.checkReply },
      },
    },
    async ({ body }) => {
      const results = await checkUniqueness(db, body.parties.map(schemas.factsFrom));
      for (const result of results) nameMatches(result);
      return { results: results.map(schemas.checkJson) };
    },
  );
  app.post(
    '/parties/:id/checks',
    {
      config: { permission: 'party.match:check', personal: true },
      schema: {
        tags,
        summary: 'Check a party that exists, and open a case for every other that may be the same',
        params: schemas.partyParams,
        response: { 200: schemas.checkResult },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        const partyId = await visibleParty(tx, request.params.id);
        await lookAtAll(tx, [partyId]);
        const [found] = await openCases(deps, tx, [partyId]);
        const none = { verdict: 'new' as const, matches: [], compared: 0, tooCommon: false };
        nameMatches(found ?? none);
        return { status: 200, body: schemas.checkJson(found ?? none) };
      }),
  );
  app.get(
    '/parties/match-cases',
    {
      config: { permission: 'party.match:read', personal: true },
      schema: {
        tags,
        summary: 'Pairs that may be one party, in the order they were found',
        querystring: schemas.casesQuery,
        response: { 200: pageOf(schemas.caseReply) },
      },
    },
    async ({ query }) => {
      const after = decodeCursor(schemas.caseCursor, query.cursor);
      const rows = await listCases(
        db,
        { state: query.state, partyId: query.party_id },
        { after, limit: query.limit + 1 },
      );
      await lookAtAll(db, rows.flatMap(pairOf));
      return pageFrom(rows.map(schemas.caseJson), query.limit, ({ opened_at, id }) => [opened_at, id]);
    },
  );
  app.get(
    '/parties/match-cases/:id',
    {
      config: { permission: 'party.match:read', personal: true },
      schema: {
        tags,
        summary: 'One pair, with all that was decided about it',
        params: schemas.caseParams,
        response: { 200: schemas.caseWithTrail },
      },
    },
    async ({ params }) => {
      const found = await readCase(db, params.id);
      await lookAtAll(db, pairOf(found));
      const trail = await trailOf(db, found.id);
      return { ...schemas.caseJson(found), trail: trail.map(schemas.trailJson) };
    },
  );
  app.post(
    '/parties/match-cases/:id/decision',
    {
      config: { permission: 'party.match:decide' },
      schema: {
        tags,
        summary: 'Decide that the two are the same, which merges them, or different, which is remembered',
        params: schemas.caseParams,
        body: schemas.decisionBody,
        response: { 200: schemas.decisionReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        const { state, reason, survivor_id: survivorId } = request.body;
        await lookAtAll(tx, pairOf(await readCase(tx, request.params.id)));
        const { case: decided, merge } = await decideCase(deps, tx, request.params.id, { state, reason, survivorId });
        return {
          status: 200,
          body: { case: schemas.caseJson(decided), merge: merge === null ? null : schemas.mergeJson(merge) },
        };
      }),
  );
  app.post(
    '/parties/merges',
    {
      config: { permission: 'party.match:merge' },
      schema: {
        tags,
        summary: 'Let one party stand for another; the same again changes nothing',
        body: schemas.mergeBody,
        response: { 201: schemas.mergeReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        const { id, survivor_id: survivorId, absorbed_id: absorbedId, reason } = request.body;
        await lookAtAll(tx, [survivorId, absorbedId]);
        const merge = await mergeParties(deps, tx, { id, survivorId, absorbedId, reason });
        return { status: 201, body: schemas.mergeJson(merge) };
      }),
  );
  app.get(
    '/parties/merges/:id',
    {
      config: { permission: 'party.match:read', personal: true },
      schema: { tags, summary: 'One merge', params: schemas.mergeParams, response: { 200: schemas.mergeReply } },
    },
    async ({ params }) => {
      const merge = await readMerge(db, params.id);
      await lookAtAll(db, mergedPair(merge));
      return schemas.mergeJson(merge);
    },
  );
  app.get(
    '/parties/:id/merges',
    {
      config: { permission: 'party.match:read', personal: true },
      schema: {
        tags,
        summary: 'Merges a party had a part in, oldest first, also those taken back',
        params: schemas.partyParams,
        response: { 200: z.object({ items: z.array(schemas.mergeReply) }) },
      },
    },
    async ({ params }) => {
      const partyId = await visibleParty(db, params.id);
      const merges = await mergesOf(db, partyId);
      await lookAtAll(db, [partyId, ...merges.flatMap(mergedPair)]);
      return { items: merges.map(schemas.mergeJson) };
    },
  );
  app.post(
    '/parties/merges/:id/split',
    {
      config: { permission: 'party.match:split' },
      schema: {
        tags,
        summary: 'Take a merge back: both are again what they were, and its case is open again',
        params: schemas.mergeParams,
        body: schemas.splitBody,
        response: { 200: schemas.mergeReply },
      },
    },
    (request, reply) =>
      deps.idempotently(request, reply, async (tx) => {
        await lookAtAll(tx, mergedPair(await readMerge(tx, request.params.id)));
        const merge = await split(deps, tx, request.params.id, request.body.reason);
        return { status: 200, body: schemas.mergeJson(merge) };
      }),
  );
};

const pairOf = ({ partyId, otherPartyId }: MatchCase) => [partyId, otherPartyId];
const mergedPair = ({ survivorId, absorbedId }: Merge) => [survivorId, absorbedId];

/** Whoever is found was looked at, whatever unit they belong to. */
function nameMatches({ matches }: Pick<CheckResult, 'matches'>): void {
  for (const { partyId, recordId, unitId } of matches) {
    for (const id of new Set([partyId, recordId])) auditSubject({ kind: 'party', id, unitId });
  }
}
