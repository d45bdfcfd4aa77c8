import { z } from 'zod';
import { LongmenError } from '#kernel/errors';
import { authentication, isLoopback } from './auth.ts';
import { httpError } from './errors.ts';
import type { HttpApp, HttpDeps } from './types.ts';

const READY_TIMEOUT_MS = 2_000;

/**
 * Adds what machines ask a server about itself: `/health/live` (the process answers), `/health/ready` (it can also
 * work: the database answers within two seconds and the server is not closing) and `/metrics`, which needs a token
 * unless asked for on this machine.
 */
export function addHealthRoutes(app: HttpApp, deps: HttpDeps): void {
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });

  // This route is open to all, so however many ask, the database is asked once at a time.
  let asked: Promise<string | null> | undefined;
  const databaseFault = () => {
    asked ??= faultOf(deps.db.query('select 1')).finally(() => {
      asked = undefined;
    });
    return asked;
  };

  const Health = z.object({ status: z.literal('ok') });
  app.get(
    '/health/live',
    { schema: { tags: ['operations'], summary: 'Is the process alive', response: { 200: Health } } },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/health/ready',
    { schema: { tags: ['operations'], summary: 'Can the server work', response: { 200: Health } } },
    async () => {
      if (closing) throw httpError('not_ready', 'The server is closing');
      const fault = await databaseFault();
      if (fault !== null) throw httpError('not_ready', 'The database does not answer', { database: fault });
      return { status: 'ok' as const };
    },
  );

  const authenticate = authentication(deps.tokens);
  app.get(
    '/metrics',
    {
      schema: { hide: true },
      onRequest: (request, reply, done) => {
        if (isLoopback(request)) done();
        else authenticate(request, reply, done);
      },
    },
    async (_request, reply) => {
      reply.header('content-type', deps.metrics.contentType);
      return deps.metrics.render();
    },
  );
}

/** Null when `answer` comes in time, else the code of what is wrong. */
async function faultOf(answer: Promise<unknown>): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, READY_TIMEOUT_MS, 'database_timeout');
  try {
    return await Promise.race([answer.then(() => null), late]);
  } catch (error) {
    return error instanceof LongmenError ? error.code : 'database_error';
  } finally {
    clearTimeout(timer);
  }
}
