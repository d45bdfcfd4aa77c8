import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyReply, type FastifyRequest, LogController, type RouteOptions } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { createAccess } from '#kernel/access';
import { createApprovals } from '#kernel/approvals';
import { sqlState } from '#kernel/database';
import { type AddressBook, createAddressBook } from './addresses.ts';
import { authentication } from './auth.ts';
import { accessOf, authorisation, entering, reaching, tooNarrow } from './authorise.ts';
import { jsonBodyParser, validatorCompiler } from './body.ts';
import { httpError } from './errors.ts';
import { addHealthRoutes } from './health.ts';
import { createIdempotency } from './idempotency.ts';
import { addOpenApi } from './openapi.ts';
import { API_PREFIX, needsToken } from './paths.ts';
import { problemHeaders, problemText, publicError } from './problem.ts';
import { traceIdOf } from './trace.ts';
import type { GuardedRoute, HttpApp, HttpDeps, HttpOptions, RouteModule } from './types.ts';

/** A whole request, body included, must have arrived by then; it keeps slow senders from holding connections. */
const REQUEST_TIMEOUT_MS = 120_000;
/** How long `close` waits for requests in flight before it cuts their connections. */
const CLOSE_GRACE_MS = 30_000;

/** Nothing here is a page: browsers shall neither guess types, nor run, frame or keep what they get. */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Builds the HTTP server: routes of the rooms under `/api/v1`, all behind a token; health, metrics, the OpenAPI
 * description and its reference page; every error as problem details. Call `listen` on the result. `close` stops
 * accepting, lets requests in flight finish, and leaves database and the like to who opened them.
 */
export async function buildHttp(options: HttpOptions, modules: readonly RouteModule[]): Promise<HttpApp> {
  const access = options.access ?? createAccess(options);
  const approvals = options.approvals ?? createApprovals({ ...options, access });
  const deps: HttpDeps = { ...options, ...createIdempotency(options), access, approvals };
  const app: HttpApp = Fastify({
    loggerInstance: options.log as HttpApp['log'],
    // One line per request is written below, with the route's pattern; the address asked for can hold personal data.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (log) => log,
    bodyLimit: options.config.bodyLimitMib * 2 ** 20,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: options.config.trustedProxies ?? false,
    // Requests that still come on open connections while closing are served; their connections end with them.
    return503OnClosing: false,
    genReqId: traceIdOf,
    frameworkErrors: (error, request, reply) => {
      openReply(request, reply);
      sendProblem(error, request, reply);
    },
    clientErrorHandler: refuseUnreadable,
  }).withTypeProvider<ZodTypeProvider>();

  const addresses = createAddressBook();
  const authenticate = authentication(options.tokens, options.sessions);
  const sendProblem = problemSender(options);
  app.decorateRequest('token', null);
  app.decorateRequest('session', null);
  app.decorateRequest('actor', null);
  app.decorateRequest('right', null);
  app.decorateRequest('bodyDigest', null);
  app.decorateRequest('problemCode', null);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    jsonBodyParser(app.getDefaultJsonParser('error', 'error')),
  );
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => sendProblem(nothingAt(addresses, request, reply), request, reply));

  // A guard belongs to its route, not to the text of the address, which can be spelled in more than one way.
  app.addHook('onRoute', (route) => {
    addresses.add(route);
    options.onRoute?.(guardedRoute(route));
    if (!needsToken(route.url)) return;
    const hooks = [route.onRequest ?? []].flat();
    // A route for HEAD is made from one for GET, hooks and all.
    if (hooks.includes(authenticate)) return;
    const permission = accessOf(route, access);
    const let_in = permission === 'public' ? [] : [authenticate];
    route.onRequest = [...let_in, authorisation(access, permission), ...hooks];
    const reach = route.config?.reach;
    const reaches = reach === undefined ? [] : [reaching(options.db, reach)];
    route.preHandler = [entering(permission), ...reaches, ...[route.preHandler ?? []].flat()];
  });
  app.addHook('onRequest', (request, reply, done) => {
    openReply(request, reply);
    if (!request.is404) {
      done();
      return;
    }
    // Decided here, before a body is read; without a token nobody learns what is below /api/ and what is not.
    const refuse = (error?: Error) => done(error ?? nothingAt(addresses, request, reply));
    if (needsToken(pathOf(request))) authenticate(request, reply, refuse);
    else refuse();
  });
  options.audit?.install(app);
  addRequestRecords(app, options);
  addGracefulClose(app);

  await addOpenApi(app);
  addHealthRoutes(app, deps);
  for (const module of modules) {
    await app.register(async (scope: HttpApp) => module(scope, deps), { prefix: API_PREFIX });
  }
  for (const door of options.doors ?? []) await app.register(async (scope: HttpApp) => door(scope, deps));
  await app.ready();
  return app;
}

function guardedRoute({ method, url, config, schema }: RouteOptions): GuardedRoute {
  return {
    // One of GET answers HEAD as well.
    method: [method].flat().includes('GET') ? 'GET' : [method].flat().join(','),
    url,
    // A route that needs one and does not say is refused right after.
    permission: config?.permission ?? 'public',
    reach: config?.reach ?? null,
    schemas: { params: schema?.params, querystring: schema?.querystring, body: schema?.body },
  };
}

function openReply(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(SECURITY_HEADERS);
  reply.header('trace-id', request.id);
}

function problemSender({ log }: HttpOptions) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    // Row-level security has no rows, and no rights on tables, for who does not see all; both end here, closed.
    const narrow = sqlState(error) === '42501' && request.right !== null && request.right.visibility !== 'all';
    const told = publicError(narrow ? tooNarrow() : isUnstorable(error) ? unstorable() : error);
    request.problemCode = told.code;
    if (told.status >= 500) {
      const facts = { code: told.code, trace_id: request.id, method: request.method, route: routeOf(request) };
      log.error({ ...facts, err: error }, 'request failed');
    }
    reply.code(told.status).headers(problemHeaders(told)).send(problemText(told, request.id));
  };
}

/** Fields that are only looked for are not checked for what no text in the database holds: U+0000, half letters. */
function isUnstorable(error: unknown): boolean {
  return ['22021', '22P05'].includes(sqlState(error) ?? '');
}

function unstorable(): Error {
  return httpError('text_unstorable', 'A text in the request holds what can neither be stored nor looked for');
}

function nothingAt(addresses: AddressBook, request: FastifyRequest, reply: FastifyReply): Error {
  const methods = addresses.methodsAt(pathOf(request));
  // A route that found nothing to send has its own method among them.
  if (methods.length === 0 || methods.includes(request.method)) {
    return httpError('route_not_found', 'There is nothing at this address');
  }
  const allow = methods.join(', ');
  reply.header('allow', allow);
  return httpError('method_not_allowed', `This address knows ${allow}`, { allow: methods });
}

function pathOf(request: FastifyRequest): string {
  const [path = '/'] = (request.raw.url ?? '/').split('?', 1);
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unmatched';
}

function addRequestRecords(app: HttpApp, { log, metrics }: HttpOptions): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request);
    const latency_ms = reply.elapsedTime;
    metrics.observeRequest(request.method, route, reply.statusCode, latency_ms / 1_000);
    if (log.isLevelEnabled('debug')) {
      const { method, id, token } = request;
      const facts = { method, route, status: reply.statusCode, latency_ms: Math.round(latency_ms * 1_000) / 1_000 };
      log.debug({ ...facts, trace_id: id, ...(token && { token_id: token.tokenId }) }, 'request');
    }
    done();
  });
}

function addGracefulClose(app: HttpApp): void {
  let deadline: NodeJS.Timeout | undefined;
  app.addHook('preClose', (done) => {
    deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
    deadline.unref();
    done();
  });
  app.addHook('onResponse', (_request, _reply, done) => {
    // A connection kept alive by its client would otherwise hold up the close after its last answer.
    if (deadline !== undefined) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
  app.addHook('onClose', (_app, done) => {
    clearTimeout(deadline);
    done();
  });
}

/** Answers what is not readable as HTTP and so never becomes a request. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const told =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? httpError('request_headers_too_large', 'The headers are larger than this server accepts')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? httpError('request_timeout', 'The request did not arrive in time')
        : httpError('request_malformed', 'This is not HTTP');
  const traceId = traceIdOf({ headers: {} });
  const text = problemText(told, traceId);
  const headers = { ...SECURITY_HEADERS, ...problemHeaders(told), 'trace-id': traceId, connection: 'close' };
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(text) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${told.status} ${STATUS_CODES[told.status]}\r\n${lines.join('')}\r\n${text}`);
}
