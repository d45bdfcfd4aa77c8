/** The process engine over HTTP. */
import { decodeCursor, pageFrom, pageOf, type RouteModule } from '#kernel/http';
import { deploy, deployDecisions } from './deploy.ts';
import * as json from './json.ts';
import { cancel, modify, resume, suspend } from './operations.ts';
import type { Processes } from './processes.ts';
import { listDefinitions, listInstances, readDocument, readHistory, readInstance, readTrail } from './queries.ts';
import { actorOf } from './request-actor.ts';
import * as schemas from './schemas.ts';
import { setVariables, start } from './service.ts';
import { workRoutes } from './work-routes.ts';

/** Routes below /api/v1/process. */
export function processRoutes(processes: Processes): RouteModule {
  const forInstances = instanceRoutes(processes);
  const forWork = workRoutes(processes);
  return async (app, deps) => {
    const { db } = deps;
    app.post(
      '/process/definitions',
      {
        config: { permission: 'process:deploy', reach: 'institution' },
        schema: {
          tags: ['process'],
          summary: 'Deploy every executable process of a BPMN document; the same document again changes nothing',
          body: schemas.deployBody,
          response: { 201: schemas.deployReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, document } = request.body;
          const deployed = await deploy(await processes.of(book), tx, { document, actor: actorOf(request) });
          return { status: 201, body: { deployed: deployed.map(json.deployedJson) } };
        }),
    );
    app.get(
      '/process/definitions',
      {
        config: { permission: 'process:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Deployed versions, by process',
          querystring: schemas.definitionListQuery,
          response: { 200: pageOf(schemas.definitionReply) },
        },
      },
      async ({ query }) => {
        const cursor = decodeCursor(schemas.definitionCursor, query.cursor);
        const rows = await listDefinitions(await processes.of(query.book), db, {
          ...(query.process !== undefined && { process: query.process }),
          ...(cursor !== undefined && { after: { process: cursor[0], version: cursor[1] } }),
          limit: query.limit + 1,
        });
        const page = pageFrom(rows, query.limit, ({ process, version }) => [process, version]);
        return { ...page, items: page.items.map(json.definitionJson) };
      },
    );
    app.get(
      '/process/definitions/:process/:version',
      {
        config: { permission: 'process:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'The BPMN document of a version, as it was deployed',
          params: schemas.documentParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.documentReply },
        },
      },
      async ({ params: { process, version }, query }) => {
        const document = await readDocument(await processes.of(query.book), db, process, version);
        return { process, version, document };
      },
    );
    app.post(
      '/process/decisions',
      {
        config: { permission: 'process:deploy', reach: 'institution' },
        schema: {
          tags: ['process'],
          summary: 'Deploy a DMN model for business-rule tasks',
          body: schemas.decisionsBody,
          response: { 201: schemas.decisionsReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, document } = request.body;
          const input = { document, actor: actorOf(request) };
          return { status: 201, body: await deployDecisions(await processes.of(book), tx, input) };
        }),
    );
    await forInstances(app, deps);
    await forWork(app, deps);
  };
}

function instanceRoutes(processes: Processes): RouteModule {
  return (app, deps) => {
    const { db } = deps;
    app.post(
      '/process/instances',
      {
        config: { permission: 'process:start', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Start an instance',
          body: schemas.startBody,
          response: { 201: schemas.startedReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, process, version, instance_id, business_key, start_event, variables } = request.body;
          const started = await start(await processes.of(book), tx, {
            process,
            variables,
            actor: actorOf(request),
            ...(version !== undefined && { version }),
            ...(instance_id !== undefined && { instanceId: instance_id }),
            ...(business_key !== undefined && { businessKey: business_key }),
            ...(start_event !== undefined && { startEvent: start_event }),
          });
          return { status: 201, body: json.startedJson(started) };
        }),
    );
    app.get(
      '/process/instances',
      {
        config: { permission: 'process:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Instances by id, which is by the instant they started',
          querystring: schemas.instanceListQuery,
          response: { 200: pageOf(schemas.instanceReply) },
        },
      },
      async ({ query }) => {
        const { book, limit, process, status, business_key, parent_id } = query;
        const cursor = decodeCursor(schemas.instanceCursor, query.cursor);
        const rows = await listInstances(await processes.of(book), db, {
          ...(process !== undefined && { process }),
          ...(status !== undefined && { status }),
          ...(business_key !== undefined && { businessKey: business_key }),
          ...(parent_id !== undefined && { parentId: parent_id }),
          ...(cursor !== undefined && { after: cursor[0] }),
          limit: limit + 1,
        });
        const page = pageFrom(rows, limit, ({ instanceId }) => [instanceId]);
        return { ...page, items: page.items.map(json.instanceJson) };
      },
    );
    app.get(
      '/process/instances/:id',
      {
        config: { permission: 'process:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'One instance: where it is, its variables, its incidents',
          params: schemas.idParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.instanceReply },
        },
      },
      async ({ params, query }) => json.instanceJson(await readInstance(await processes.of(query.book), db, params.id)),
    );
    app.get(
      '/process/instances/:id/history',
      {
        config: { permission: 'process:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Visits of elements that are over, in order',
          params: schemas.idParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.historyReply },
        },
      },
      async ({ params, query }) => {
        const engine = await processes.of(query.book);
        await readInstance(engine, db, params.id);
        return { items: (await readHistory(engine, db, params.id)).map(json.historyJson) };
      },
    );
    app.get(
      '/process/instances/:id/trail',
      {
        config: { permission: 'process:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Who did what to an instance, in order',
          params: schemas.idParams,
          querystring: schemas.bookQuery,
          response: { 200: schemas.trailReply },
        },
      },
      async ({ params, query }) => {
        const engine = await processes.of(query.book);
        await readInstance(engine, db, params.id);
        return { items: (await readTrail(engine, db, params.id)).map(json.trailJson) };
      },
    );

    const operations = {
      suspend: { summary: 'Stop an instance where it is', operate: suspend },
      resume: { summary: 'Let a suspended instance go on', operate: resume },
      cancel: { summary: 'End an instance and everything it waits for, without compensation', operate: cancel },
    };
    for (const [name, { summary, operate }] of Object.entries(operations)) {
      app.post(
        `/process/instances/:id/${name}`,
        {
          config: { permission: 'process:operate', reach: 'book' },
          schema: {
            tags: ['process'],
            summary,
            params: schemas.idParams,
            body: schemas.operationBody,
            response: { 200: schemas.instanceReply },
          },
        },
        (request, reply) =>
          deps.idempotently(request, reply, async (tx) => {
            const { book, reason } = request.body;
            const engine = await processes.of(book);
            await operate(engine, tx, request.params.id, { actor: actorOf(request), ...(reason && { reason }) });
            return { status: 200, body: json.instanceJson(await readInstance(engine, tx, request.params.id)) };
          }),
      );
    }
    app.post(
      '/process/instances/:id/modify',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'End tokens and start others in one step',
          params: schemas.idParams,
          body: schemas.modifyBody,
          response: { 200: schemas.instanceReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, reason, cancel: ended, start: begun, variables } = request.body;
          const engine = await processes.of(book);
          await modify(engine, tx, request.params.id, {
            actor: actorOf(request),
            ...(reason !== undefined && { reason }),
            cancel: ended,
            start: begun.map(({ node, scope }) => (scope === undefined ? { node } : { node, scope })),
            variables,
          });
          return { status: 200, body: json.instanceJson(await readInstance(engine, tx, request.params.id)) };
        }),
    );
    app.patch(
      '/process/instances/:id/variables',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Set variables of the process, or of one scope instance',
          params: schemas.idParams,
          body: schemas.variablesBody,
          response: { 200: schemas.instanceReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, variables, scope } = request.body;
          const engine = await processes.of(book);
          const input = { variables, actor: actorOf(request), ...(scope !== undefined && { scope }) };
          await setVariables(engine, tx, request.params.id, input);
          return { status: 200, body: json.instanceJson(await readInstance(engine, tx, request.params.id)) };
        }),
    );
  };
}
