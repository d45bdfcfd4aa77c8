import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Access } from '#kernel/access';
import type { Approvals } from '#kernel/approvals';
import type { Clock } from '#kernel/clock';
import type { Config } from '#kernel/config';
import type { Database } from '#kernel/database';
import type { Log } from '#kernel/log';
import type { Metrics } from '#kernel/metrics';
import type { TokenIdentity, TokenVerifier } from '#kernel/tokens';
import type { Idempotency, TransactionAudit } from './idempotency.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A read of personal data: recorded. */
    personal?: boolean;
    /**
     * `after`: the entry of a write may be stored right after its answer, as a read's is; for writes that keep a journal of
     * their own and must not wait. `none`: a request that changes nothing, though by POST; recorded as a read, if it is personal.
     */
    audit?: 'after' | 'none';
  }
  interface FastifyRequest {
    /** Whose token the request carries; null only on routes that are open to all. */
    token: TokenIdentity | null;
    /** Whose session cookie the request carries, when no token came with it. */
    session: SessionIdentity | null;
    /** Base64 SHA-256 of a JSON body as sent; null when there was none. */
    bodyDigest: string | null;
    /** The stable code of the refusal that was answered. */
    problemCode: string | null;
  }
}

/**
 * The Fastify instance a room adds its routes to: schemas are zod, a request's `id` is its trace id, and `log` is the
 * logger of the process (add `trace_id: request.id` to what is logged for a request).
 */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Records requests in the audit trail; the module `audit` makes one. */
export interface RequestAudit extends TransactionAudit {
  /** Adds its hooks; called before there are routes. */
  install(app: HttpApp): void;
}

/** A person with a valid session. */
export interface SessionIdentity {
  readonly sessionId: string;
  readonly staffId: string;
  readonly login: string;
  readonly name: string;
  readonly locale: 'zh-CN' | 'en';
  /** Home unit. */
  readonly unitId: number;
}

export interface SessionVerifier {
  /**
   * Says whose session cookie is in a Cookie header: null without one; at once when it was verified in the last seconds.
   *
   * @throws (or rejects with) a 401 for a session that ended; database errors.
   */
  verify(cookieHeader: string): SessionIdentity | null | Promise<SessionIdentity>;
  /** Forgets what is remembered, so that the end of a session works at once in this process. */
  forget(): void;
}

/** What {@link buildHttp} needs. */
export interface HttpOptions {
  readonly config: Pick<Config, 'bodyLimitMib'> & Partial<Pick<Config, 'trustedProxies'>>;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tokens: TokenVerifier;
  /** Without it nothing is recorded; only for servers that serve nobody, such as tests of a room. */
  readonly audit?: RequestAudit;
  /** Without it only tokens open the API. */
  readonly sessions?: SessionVerifier;
  /** Modules with addresses of their own, open to all: how people sign in. */
  readonly doors?: readonly RouteModule[];
  /** Default: made here. Given when something else in the process needs the same ones. */
  readonly access?: Access;
  readonly approvals?: Approvals;
  /** Hears of every route with what it asks for, before the server is ready. */
  readonly onRoute?: (route: GuardedRoute) => void;
}

/** A route and what it asks for; see the README about permissions and reach. */
export interface GuardedRoute {
  readonly method: string;
  /** Pattern of the address, such as `/api/v1/things/:id`. */
  readonly url: string;
  /** `resource:action`, `signed_in` or `public`. */
  readonly permission: string;
  readonly reach: 'book' | 'institution' | null;
  /** The schemas of path, query and body, where it has some. */
  readonly schemas: { readonly params?: unknown; readonly querystring?: unknown; readonly body?: unknown };
}

/** What a room gets to build its routes with. */
export interface HttpDeps extends HttpOptions, Idempotency {
  readonly access: Access;
  readonly approvals: Approvals;
}

/** What a room exports: adds its routes, addressed from `/api/v1`, in a scope of its own. */
export type RouteModule = (app: HttpApp, deps: HttpDeps) => void | Promise<void>;
