/** What a route needs to be allowed, asked before the body is read, and the context its handler runs in. */
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify';
import { type Access, accessError, isPermission, type Right, refused } from '#kernel/access';
import { type Actor, currentContext, withContext } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { invariant } from '#kernel/errors';

/**
 * What a route asks for: a permission `resource:action`; or `signed_in`, for what everybody may do with what is their
 * own (the handler sees nothing but asks for what it needs with `asSystem`); or `public`, without anybody signed in.
 */
export type RouteAccess = string;

declare module 'fastify' {
  interface FastifyContextConfig {
    permission?: RouteAccess;
    /**
     * What the permission must reach beyond single rows: `book`, for what adds up over a book (the one, or the ones, that
     * `book` in query, body or path names, and those of `entity`; without either `main`; with `consolidation` all there
     * are); `institution`, for what all share.
     */
    reach?: 'book' | 'institution';
  }
  interface FastifyRequest {
    /** Who was let in; null only on routes that are open to all. */
    actor: Actor | null;
    /** What the route's permission lets the actor see. */
    right: Right | null;
  }
}

/** Reads what a route needs and tells the catalogue of permissions. A route that does not say does not start. */
export function accessOf(route: Pick<RouteOptions, 'url' | 'config'>, access: Access): RouteAccess {
  const permission = route.config?.permission;
  invariant(permission !== undefined, `route_says_what_it_needs:${route.url}`);
  if (permission === 'public' || permission === 'signed_in') return permission;
  invariant(isPermission(permission), `permission_is_resource_and_action:${route.url}`);
  access.declare(permission);
  return permission;
}

/** The hook that refuses who lacks the route's permission, for `onRequest` after the authentication. */
export function authorisation(access: Access, permission: RouteAccess) {
  return (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const { actor } = request;
    if (permission === 'public' || actor === null) {
      done();
      return;
    }
    if (permission === 'signed_in') {
      request.right = { visibility: [], onBehalfOf: null };
      done();
      return;
    }
    const decide = (right: Right | null) => {
      request.right = right;
      if (right === null) done(refused(permission));
      else done();
    };
    const right = access.rightOf(actor, permission);
    if (right instanceof Promise) right.then(decide, done);
    else decide(right);
  };
}

/** The hook that refuses a right that does not reach far enough, after {@link entering}. */
export function reaching(db: Queryable, reach: 'book' | 'institution') {
  return async (request: FastifyRequest): Promise<void> => {
    const { visibility } = currentContext();
    if (visibility === 'all') return;
    const named = { ...fields(request.body), ...fields(request.query), ...fields(request.params) };
    const { book, entity, consolidation } = named;
    // Whoever names more than one of these must reach each: which one counts is for the handler to say.
    const narrow =
      reach === 'institution' ||
      consolidation !== undefined ||
      (typeof entity === 'string' && !(await reachesEntity(db, entity, visibility))) ||
      ((entity === undefined || book !== undefined) && !(await reachesBooks(db, bookCodes(book))));
    if (narrow) throw tooNarrow();
  };
}

export function tooNarrow(): Error {
  return accessError(
    'scope_too_narrow',
    'The permission is held for some units only, and this is about more than they are',
  );
}

function fields(part: unknown): Record<string, unknown> {
  return typeof part === 'object' && part !== null ? (part as Record<string, unknown>) : {};
}

/** Handlers read lists with or without spaces around the codes. */
function bookCodes(book: unknown): string[] {
  return typeof book === 'string' ? book.split(',').map((code) => code.trim()) : ['main'];
}

/** A book that the request cannot know of at all is left to the handler, which says that it is not there. */
async function reachesBooks(db: Queryable, codes: readonly string[]): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from kernel.book where code = any ($1) and unit_id <> all (kernel.units_in_scope())',
    [[...codes]],
  );
  return rowCount === 0;
}

async function reachesEntity(db: Queryable, code: string, visibility: readonly number[]): Promise<boolean> {
  const { rows } = await db.query<{ unitId: number }>(
    `select unit_id as "unitId" from kernel.unit where code = $1 and kind = 'legal_entity'`,
    [code],
  );
  return rows.every(({ unitId }) => visibility.includes(unitId)) && rows.length > 0;
}

/** The hook that enters the request's context, first of `preHandler`: the body has been read by then. */
export function entering(permission: RouteAccess) {
  return (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const { actor, right } = request;
    const context = {
      ...currentContext(),
      actor: actor ?? { kind: 'system' as const, id: currentContext().actor.id, name: 'anonymous' },
      onBehalfOf: right?.onBehalfOf ?? null,
      visibility: right?.visibility ?? [],
      permission,
      traceId: request.id,
      address: request.ip,
    };
    withContext(context, done);
  };
}
