/** A running server on a database of its own, with a token, for tests of routes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { openTrail, requestAudit } from '#kernel/audit';
import { type ManualClock, manualClock } from '#kernel/clock';
import { buildHttp, type HttpApp, type HttpOptions, type RouteModule } from '#kernel/http';
import { createLog, type Log, type LogLevel } from '#kernel/log';
import { createMetrics } from '#kernel/metrics';
import { createToken, createTokenVerifier } from '#kernel/tokens';
import { type Cleanup, type TestDatabase, testDatabase } from '#test/database';

export interface TestServer {
  readonly app: HttpApp;
  readonly db: TestDatabase;
  readonly clock: ManualClock;
  readonly url: string;
  readonly tokenId: string;
  /** Headers of an authorised request. */
  readonly authorized: Readonly<Record<string, string>>;
  /** What was logged so far. */
  readonly log: () => string;
  /** Waits until what was recorded of requests so far stands in the audit trail. */
  readonly recorded: () => Promise<void>;
}

/** The answer to a call, its body read as JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly items: Record<string, unknown>[]; readonly code?: string };
}

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Reply>;

/** Calls below `prefix` with the server's token; a body is sent as JSON, or as it is when it is text. */
export function caller({ url, authorized }: Pick<TestServer, 'url' | 'authorized'>, prefix: string): Call {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}${prefix}${path}`, {
      method,
      headers: { ...authorized, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Reply['body'],
    };
  };
}

export interface TestServerOptions {
  readonly clock?: ManualClock;
  /** Whether requests are recorded in the audit trail; default not. */
  readonly audited?: boolean;
  /** What needs the server's own database: people's sessions and the way in. */
  readonly open?: (parts: {
    db: TestDatabase;
    clock: ManualClock;
    log: Log;
  }) => Pick<HttpOptions, 'sessions' | 'doors' | 'onRoute' | 'audit'>;
}

export async function testServer(
  t: Cleanup,
  modules: RouteModule[],
  logLevel: LogLevel = 'debug',
  options: TestServerOptions = {},
): Promise<TestServer> {
  const db = await testDatabase(t);
  const { clock = manualClock('2025-01-02T03:04:05Z'), open, audited = false } = options;
  const lines: string[] = [];
  const log = createLog(logLevel, { write: (line) => void lines.push(line) });
  const { secret, tokenId } = await createToken(db, 'test', clock);
  const tokens = createTokenVerifier({ db, clock });
  const config = { bodyLimitMib: 1 };
  const people = open?.({ db, clock, log }) ?? {};
  const trail = openTrail({ db, log });
  const app = await buildHttp(
    {
      ...{ config, db, clock, log, metrics: createMetrics(), tokens },
      ...(audited ? { audit: requestAudit({ trail, clock }) } : {}),
      ...people,
    },
    modules,
  );
  t.after(async () => {
    await app.close();
    await trail.close();
  });
  const recorded = async () => {
    // An answer arrives before what follows it has run.
    await sleep(20);
    await trail.flush();
  };
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const authorized = { authorization: `Bearer ${secret}` };
  return { app, db, clock, url, tokenId, authorized, log: () => lines.join(''), recorded };
}
