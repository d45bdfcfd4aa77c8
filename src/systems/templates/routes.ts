/** Posting templates over HTTP. */
import { z } from 'zod';
import { LongmenError } from '#kernel/errors';
import { decodeCursor, pageFrom, pageOf, pageQuery, type RouteModule } from '#kernel/http';
import { check } from './check.ts';
import { exampleTemplates } from './examples.ts';
import * as json from './json.ts';
import type { Templates } from './service.ts';

const book = z.string().max(64).default('main').describe('Code of the book.');
const name = z.string().max(63);
const version = z.int().min(1).max(2_147_483_647);
const definition = z.record(z.string(), z.unknown()).describe('A template; its form is in the guide.');
const parameters = z.record(z.string(), z.unknown()).default({}).describe('Values by parameter.');
const nameParams = z.strictObject({ name });

/** Routes below /api/v1: templates, and what was posted by them. */
export function templateRoutes(templates: Templates): RouteModule {
  return (app, deps) => {
    const tags = ['templates'];

    app.get(
      '/templates',
      {
        config: { permission: 'template:read' },
        schema: {
          tags,
          summary: 'Templates of a book, all versions and drafts, by name',
          querystring: z.strictObject({ ...pageQuery, book, name: name.optional() }),
          response: { 200: pageOf(json.templateReply) },
        },
      },
      async ({ query }) => {
        const cursor = decodeCursor(z.tuple([name, version]), query.cursor);
        const rows = await templates.list(query.book, {
          name: query.name,
          after: cursor && { name: cursor[0], version: cursor[1] },
          limit: query.limit + 1,
        });
        const page = pageFrom(rows, query.limit, (row) => [row.name, row.version]);
        return { ...page, items: page.items.map(json.templateJson) };
      },
    );
    app.get(
      '/template-examples',
      {
        config: { permission: 'template:read' },
        schema: {
          tags,
          summary: 'Shipped examples, to learn from and to publish as a start',
          response: { 200: pageOf(z.object({ name: z.string(), definition: z.record(z.string(), z.unknown()) })) },
        },
      },
      async () => ({
        items: Object.entries(exampleTemplates).map(([key, example]) => ({ name: key, definition: { ...example } })),
        next_cursor: null,
      }),
    );
    app.post(
      '/template-checks',
      {
        config: { permission: 'template:read' },
        schema: {
          tags,
          summary: 'What is wrong with a template; nothing is kept',
          body: z.strictObject({ definition }),
          response: { 200: json.findingsReply },
        },
      },
      async ({ body }) => ({ findings: check(templates.read(body.definition)) }),
    );
    app.get(
      '/templates/:name',
      {
        config: { permission: 'template:read' },
        schema: {
          tags,
          summary: 'One version of a template, else the latest published one',
          params: nameParams,
          querystring: z.strictObject({ book, version: z.coerce.number().pipe(version).optional() }),
          response: { 200: json.templateWholeReply },
        },
      },
      async ({ params, query }) =>
        json.templateWholeJson(await templates.template(query.book, params.name, query.version)),
    );
    app.put(
      '/templates/:name/draft',
      {
        config: { permission: 'template:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Save the draft of a template; it may still have faults',
          params: nameParams,
          body: z.strictObject({ book, definition }),
          response: { 200: json.findingsReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const read = templates.read(request.body.definition);
          const findings = await templates.saveDraft(tx, request.body.book, request.params.name, read);
          return { status: 200, body: { findings } };
        }),
    );
    app.post(
      '/templates/:name/publish',
      {
        config: { permission: 'template:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Publish the draft, or the definition given, as the next version; it never changes again',
          params: nameParams,
          body: z.strictObject({ book, definition: definition.optional() }),
          response: { 201: json.templateWholeReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book: code, definition: given } = request.body;
          const published =
            given === undefined
              ? await templates.publishDraft(tx, code, request.params.name)
              : await templates.publish(tx, code, request.params.name, templates.read(given));
          return { status: 201, body: json.templateWholeJson(published) };
        }),
    );
    app.post(
      '/templates/:name/versions/:version/retire',
      {
        config: { permission: 'template:write', reach: 'book' },
        schema: {
          tags,
          summary: 'Retire a published version for good: it posts nothing new',
          params: z.strictObject({ name, version: z.coerce.number().pipe(version) }),
          body: z.strictObject({ book }),
          response: { 200: json.templateReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { params, body } = request;
          const retired = await templates.retire(tx, body.book, params.name, params.version);
          return { status: 200, body: json.templateJson(retired) };
        }),
    );
    app.post(
      '/templates/:name/preview',
      {
        config: { permission: 'template:read' },
        schema: {
          tags,
          summary: 'What would be posted now; nothing is written',
          params: nameParams,
          body: z.strictObject({ book, version: version.optional(), parameters }),
          response: { 200: json.previewReply },
        },
      },
      async ({ params, body }) => json.previewJson(await templates.preview(body.book, { ...body, name: params.name })),
    );
    app.post(
      '/templates/:name/post',
      {
        config: { permission: 'template:post' },
        schema: {
          tags,
          summary: 'Post a template; the id is yours and keeps its first outcome',
          description: 'When the ledger refuses, the answer is 422 with its code and the posting.',
          params: nameParams,
          body: z.strictObject({ book, id: z.guid(), version: version.optional(), parameters }),
          response: { 200: json.postedReply },
        },
      },
      async (request) => {
        const { params, body } = request;
        await deps.claimIdempotencyKey(request);
        const { id, version: wanted, parameters: values } = body;
        const posted = await templates.post(body.book, id, { name: params.name, version: wanted, parameters: values });
        const reply = { ...json.postingJson(posted), repeated: posted.repeated };
        if (posted.status === 'refused') {
          const title = 'The ledger refused the posting';
          throw new LongmenError(posted.code, { status: 422, title }, `The posting was refused: ${posted.code}`, {
            posting: reply,
          });
        }
        return reply;
      },
    );
    app.get(
      '/template-postings/:id',
      {
        config: { permission: 'template:read' },
        schema: {
          tags,
          summary: 'The outcome of a posting id',
          params: z.strictObject({ id: z.string() }),
          querystring: z.strictObject({ book }),
          response: { 200: json.postingReply },
        },
      },
      async ({ params, query }) => json.postingJson(await templates.posting(query.book, params.id)),
    );
  };
}
