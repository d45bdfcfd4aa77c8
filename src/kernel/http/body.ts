/** Bodies in and out: safe JSON, schemas, and the two ways around them for hot routes. */
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { invariant, LongmenError } from '#kernel/errors';
import { httpError, jsonPointer, type RequestFault, requestInvalid } from './errors.ts';

/** The parts of a reply that helpers use; any reply fits, whatever schemas its route has. */
export interface Answerable {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(payload?: unknown): unknown;
}

const JSON_CONTENT_TYPE = 'application/json; charset=utf-8';

type ParsedBody = (error: Error | null, body?: unknown) => void;
type JsonParser = (request: FastifyRequest, text: string, done: ParsedBody) => void;

/**
 * Makes the parser of JSON bodies. An object with `__proto__` or `constructor.prototype` members is refused, as it
 * could poison whoever merges it; only texts that mention them go through `careful`, Fastify's own, slower parser.
 */
export function jsonBodyParser(careful: JsonParser) {
  return (request: FastifyRequest, body: Buffer, done: ParsedBody): void => {
    if (body.length === 0) {
      // Whether a body is needed is for the route's schema to say.
      done(null, undefined);
      return;
    }
    request.bodyDigest = hash('sha256', body, 'base64');
    if (!isUtf8(body)) {
      done(httpError('json_malformed', 'The body is not UTF-8'));
      return;
    }
    const text = body.toString('utf8');
    // Escaped letters could spell the same names.
    if (body.includes('__proto__') || body.includes('"constructor"') || body.includes('\\u00')) {
      careful(request, text, done);
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      done(httpError('json_malformed', error instanceof Error ? error.message : 'The body is not JSON'));
      return;
    }
    done(null, value);
  };
}

const PARTS: Readonly<Record<string, RequestFault['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** Checks each part of a request with its zod schema; answers `body_missing` or `request_invalid`. */
export const validatorCompiler: FastifySchemaCompiler<unknown> = ({ schema, httpPart = 'body' }) => {
  invariant(schema instanceof z.ZodType, 'request_schemas_are_zod');
  const part = PARTS[httpPart] ?? 'body';
  return (data: unknown) => {
    const result = schema.safeParse(data);
    if (result.success) return { value: result.data };
    // Fastify hands over null where there is no body.
    if (part === 'body' && data === null) {
      if (schema.safeParse(undefined).success) return { value: undefined };
      return { error: httpError('body_missing', 'The request needs a body of type application/json') };
    }
    return { error: requestInvalid(result.error.issues.flatMap((issue) => faultsOf(issue, part))) };
  };
};

function faultsOf(issue: z.core.$ZodIssue, part: RequestFault['in']): RequestFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      in: part,
      pointer: jsonPointer([...issue.path, key]),
      message: 'Unknown field',
    }));
  }
  return [{ in: part, pointer: jsonPointer(issue.path), message: issue.message }];
}

/**
 * For hot routes: checks the body with `check` instead of the body schema, which then only documents it. Give it to
 * the route as `validatorCompiler`; the other parts of the request are still checked by their schemas.
 *
 * `check` gets the parsed JSON (null without a body) and returns what `request.body` shall be, or throws a
 * LongmenError, best made by {@link requestInvalid}. Its result must be of the type the schema says.
 *
 * @example
 * app.post('/transfers', { schema: { body: Transfers }, validatorCompiler: bodyCheckedBy(checkTransfers) }, handler)
 */
export function bodyCheckedBy(check: (body: unknown) => unknown): FastifySchemaCompiler<unknown> {
  return (route) => {
    if (route.httpPart !== 'body') return validatorCompiler(route);
    return (data: unknown) => {
      try {
        return { value: check(data) };
      } catch (error) {
        if (error instanceof LongmenError) return { error };
        throw error;
      }
    };
  };
}

/**
 * For hot routes: answers with JSON text that is ready, past the response schema, which then only documents it. Call it
 * last in the handler: `return sendJson(reply, text)`.
 */
export function sendJson<Reply extends Answerable>(reply: Reply, text: string, status = 200): Reply {
  reply.code(status);
  reply.header('content-type', JSON_CONTENT_TYPE);
  reply.send(text);
  // An async handler that gives back its reply is not thought to have sent nothing while hooks hold the answer up.
  return reply;
}

/** A whole number of any size in JSON: decimal text. Rooms turn their bigints into it with `String`. */
export const integerText = z.string().regex(/^(0|-?[1-9]\d*)$/, 'Not a whole number in decimal digits');
