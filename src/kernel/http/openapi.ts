/** The OpenAPI 3.1 description, made from the schemas of the routes, and the reference page that shows it offline. */
import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { errorCodes } from '#kernel/errors';
import { API_PREFIX } from './paths.ts';
import type { HttpApp } from './types.ts';

const WRITES = ['post', 'put', 'patch', 'delete'] as const;
const METHODS = ['get', ...WRITES] as const;

/** The reference page needs its own scripts and styles and nothing from elsewhere. */
const REFERENCE_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Must be called before any route is added: it collects the routes as they come. */
export async function addOpenApi(app: HttpApp): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Longmen', version: packageVersion(), license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A machine token.' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => completed(jsonSchemaTransformObject(document)),
  });
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    staticCSP: REFERENCE_POLICY,
    theme: { title: 'Longmen API' },
    // The plain layout has no bar that loads descriptions from elsewhere, and no logo.
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', tryItOutEnabled: true },
  });
  let text: string | undefined;
  app.get('/api/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
    return reply.header('content-type', 'application/json; charset=utf-8').send(text);
  });
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return String(version);
}

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** Adds to every operation what all have in common: problems, and the Idempotency-Key of writes. */
function completed(described: Document): Document {
  const document = described as OpenAPIV3_1.Document;
  document.info.description = `${INTRODUCTION}\n\n${codeTable()}`;
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM },
    responses: { ...document.components?.responses, Problem: PROBLEM_RESPONSE, Unauthorized: UNAUTHORIZED },
    parameters: { ...document.components?.parameters, IdempotencyKey: IDEMPOTENCY_KEY },
  };
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    const guarded = path.startsWith(`${API_PREFIX}/`);
    for (const method of METHODS) {
      const operation = item?.[method];
      if (operation === undefined) continue;
      operation.responses = {
        ...operation.responses,
        ...(guarded && { 401: { $ref: '#/components/responses/Unauthorized' } }),
        default: { $ref: '#/components/responses/Problem' },
      };
      if (!guarded) operation.security = [];
      else if (WRITES.some((write) => write === method)) {
        const key = { $ref: '#/components/parameters/IdempotencyKey' };
        operation.parameters = [...(operation.parameters ?? []), key];
      }
    }
  }
  return document;
}

const INTRODUCTION = `Amounts are decimal text in the unit of the currency; whole numbers beyond 2^53 are decimal text;
instants are RFC 3339 in UTC. Lists come in pages: pass \`next_cursor\` as \`cursor\` until it is null. Everything that is
not a success is a problem (RFC 9457) with one of these codes; \`trace_id\` finds it in the logs.`;

function codeTable(): string {
  const rows = [...errorCodes()]
    .toSorted(([left], [right]) => left.localeCompare(right))
    .map(([code, kind]) => `| \`${code}\` | ${kind.status} | ${kind.title} |`);
  return ['| code | status | meaning |', '|---|---|---|', ...rows].join('\n');
}

const PROBLEM: OpenAPIV3_1.SchemaObject = {
  type: 'object',
  description: 'RFC 9457 problem details; some codes have further members.',
  required: ['type', 'title', 'status', 'detail', 'code', 'trace_id'],
  properties: {
    type: { type: 'string', description: '`urn:longmen:error:` and the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What went wrong, for people.' },
    code: { type: 'string', description: 'What went wrong, for programs.' },
    trace_id: { type: 'string', pattern: '^[0-9a-f]{32}$' },
    errors: {
      type: 'array',
      description: 'With `request_invalid`: what is wrong and where.',
      items: {
        type: 'object',
        required: ['in', 'pointer', 'message'],
        properties: {
          in: { type: 'string', enum: ['body', 'query', 'path', 'header'] },
          pointer: { type: 'string', description: 'JSON pointer.' },
          message: { type: 'string' },
        },
      },
    },
  },
  additionalProperties: true,
};

const problemContent = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
const PROBLEM_RESPONSE: OpenAPIV3_1.ResponseObject = { description: 'A problem', content: problemContent };
const UNAUTHORIZED: OpenAPIV3_1.ResponseObject = {
  description: '`token_missing` or `token_invalid`',
  headers: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  content: problemContent,
};

const IDEMPOTENCY_KEY: OpenAPIV3_1.ParameterObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Sent again with the same key, the same request is done once; another request is refused.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};
