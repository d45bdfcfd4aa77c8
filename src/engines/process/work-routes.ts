/** The process engine over HTTP: tasks, incidents, messages, signals and migrations. */
import { pageOf, type RouteModule } from '#kernel/http';
import * as json from './json.ts';
import { migrate, previewMigration } from './migrate.ts';
import { resolveIncident, retryIncident } from './operations.ts';
import type { Processes } from './processes.ts';
import { listIncidents, listTasks, readInstance } from './queries.ts';
import { actorOf } from './request-actor.ts';
import * as schemas from './schemas.ts';
import { broadcastSignal, claim, complete, completeWithError, publish } from './service.ts';

export function workRoutes(processes: Processes): RouteModule {
  return (app, deps) => {
    const { db } = deps;
    app.get(
      '/process/tasks',
      {
        config: { permission: 'process.task:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Tasks of people, the most urgent and then the oldest first',
          querystring: schemas.taskListQuery,
          response: { 200: pageOf(schemas.taskReply) },
        },
      },
      async ({ query: { book, instance_id, assignee, role, state, limit } }) => {
        const tasks = await listTasks(await processes.of(book), db, {
          ...(instance_id !== undefined && { instanceId: instance_id }),
          ...(assignee !== undefined && { assignee }),
          ...(role !== undefined && { roles: [role] }),
          state,
          limit,
        });
        return { items: tasks.map(json.taskJson), next_cursor: null };
      },
    );
    app.post(
      '/process/tasks/:id/claim',
      {
        config: { permission: 'process.task:write', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: "Make a task one person's own, or give it back",
          params: schemas.idParams,
          body: schemas.claimBody,
          response: { 204: schemas.nothing },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, assignee } = request.body;
          await claim(await processes.of(book), tx, request.params.id, { assignee, actor: actorOf(request) });
          return { status: 204, body: null };
        }),
    );
    app.post(
      '/process/tasks/:id/complete',
      {
        config: { permission: 'process.task:write', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Complete a task with a result; the instance goes on until it waits again',
          params: schemas.idParams,
          body: schemas.completeBody,
          response: { 200: schemas.startedReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, result } = request.body;
          const input = { result, actor: actorOf(request) };
          const done = await complete(await processes.of(book), tx, request.params.id, input);
          return { status: 200, body: json.startedJson(done) };
        }),
    );
    app.post(
      '/process/tasks/:id/error',
      {
        config: { permission: 'process.task:write', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Throw a BPMN error at a task, as it cannot be done as planned',
          params: schemas.idParams,
          body: schemas.errorBody,
          response: { 200: schemas.startedReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, code, message, variables } = request.body;
          const input = { code, variables, actor: actorOf(request), ...(message !== undefined && { message }) };
          const done = await completeWithError(await processes.of(book), tx, request.params.id, input);
          return { status: 200, body: json.startedJson(done) };
        }),
    );

    app.get(
      '/process/incidents',
      {
        config: { permission: 'process:read', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Open incidents, the oldest first',
          querystring: schemas.incidentListQuery,
          response: { 200: pageOf(schemas.incidentReply) },
        },
      },
      async ({ query: { book, instance_id, limit } }) => {
        const filter = { limit, ...(instance_id !== undefined && { instanceId: instance_id }) };
        const incidents = await listIncidents(await processes.of(book), db, filter);
        return { items: incidents.map(json.incidentJson), next_cursor: null };
      },
    );
    app.post(
      '/process/instances/:id/incidents/:token/retry',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Have the element of an incident tried again, after setting variables',
          params: schemas.incidentParams,
          body: schemas.retryBody,
          response: { 200: schemas.instanceReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, reason, variables } = request.body;
          const { id, token } = request.params;
          const engine = await processes.of(book);
          const operation = { actor: actorOf(request), token, variables, ...(reason && { reason }) };
          await retryIncident(engine, tx, id, operation);
          return { status: 200, body: json.instanceJson(await readInstance(engine, tx, id)) };
        }),
    );
    app.post(
      '/process/instances/:id/incidents/:token/resolve',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Take the element of an incident as done with a result',
          params: schemas.incidentParams,
          body: schemas.resolveBody,
          response: { 200: schemas.instanceReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, reason, result } = request.body;
          const { id, token } = request.params;
          const engine = await processes.of(book);
          await resolveIncident(engine, tx, id, {
            actor: actorOf(request),
            token,
            result,
            ...(reason && { reason }),
          });
          return { status: 200, body: json.instanceJson(await readInstance(engine, tx, id)) };
        }),
    );

    app.post(
      '/process/messages',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Publish a message: to who waits for it, else to a start event, else it is kept for a while',
          body: schemas.messageBody,
          response: { 202: schemas.messageReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, name, key, payload, message_id, ttl_ms } = request.body;
          const { messageId } = await publish(await processes.of(book), tx, {
            name,
            payload,
            ...(key !== undefined && { key }),
            ...(message_id !== undefined && { messageId: message_id }),
            ...(ttl_ms !== undefined && { ttl_ms }),
          });
          return { status: 202, body: { message_id: messageId } };
        }),
    );
    app.post(
      '/process/signals',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Broadcast a signal to everyone who waits for it now',
          body: schemas.signalBody,
          response: { 204: schemas.nothing },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, name, payload } = request.body;
          await broadcastSignal(await processes.of(book), tx, { name, payload });
          return { status: 204, body: null };
        }),
    );

    app.post(
      '/process/migrations/preview',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'What a migration to another version would do, without doing it',
          body: schemas.migrationBody,
          response: { 200: schemas.migrationReply },
        },
      },
      async ({ body }) => json.migrationJson(await previewMigration(await processes.of(body.book), db, planOf(body))),
    );
    app.post(
      '/process/migrations',
      {
        config: { permission: 'process:operate', reach: 'book' },
        schema: {
          tags: ['process'],
          summary: 'Move instances to another version, each in its own transaction; it can be run again at will',
          body: schemas.migrationBody,
          response: { 200: schemas.migrationReply },
        },
      },
      async (request) => {
        const { body } = request;
        await deps.claimIdempotencyKey(request);
        return json.migrationJson(await migrate(await processes.of(body.book), planOf(body), actorOf(request)));
      },
    );
  };
}

interface MigrationBody {
  readonly process: string;
  readonly from: number;
  readonly to: number;
  readonly mapping: Record<string, string>;
  readonly instance_ids?: string[] | undefined;
}

function planOf({ process, from, to, mapping, instance_ids }: MigrationBody) {
  return { process, from, to, mapping, ...(instance_ids !== undefined && { instanceIds: instance_ids }) };
}
