/** Decides what an actor may do and see, from what the database said in the last seconds. */
import type { Clock } from '#kernel/clock';
import { type Actor, asSystem, type Grant, type Visibility } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { accessError } from './errors.ts';
import { covers } from './permissions.ts';
import { institutionId } from './units.ts';

/** A permission as it is held: what it makes visible, and whose right it is. */
export interface Right {
  readonly visibility: Visibility;
  readonly onBehalfOf: Actor | null;
}

export interface Access {
  /**
   * The right to do something, or null. At once when it was looked up in the last seconds. An actor's own right comes
   * before one that was delegated.
   */
  rightOf(actor: Actor, permission: string): Right | null | Promise<Right | null>;
  /**
   * The right to do something in one unit; `not` names colleagues whose delegated right does not count.
   */
  rightIn(
    actor: Actor,
    permission: string,
    unitId: number,
    not?: readonly string[],
  ): Promise<Pick<Right, 'onBehalfOf'> | null>;
  /**
   * The patterns of permissions an actor holds anywhere, for what a page shows.
   */
  patternsOf(actor: Actor): Promise<readonly string[]>;
  /**
   * The patterns an actor holds in one unit by their own right: what may be passed on. What was lent by a colleague may not.
   */
  ownPatternsIn(actor: Actor, unitId: number): Promise<readonly string[]>;
  /** All permissions that routes and commands have named. */
  readonly permissions: ReadonlySet<string>;
  /** Notes a permission that something in the house asks for. */
  declare(permission: string): void;
  /** Forgets what is remembered, so that a change made by this process works at once. */
  forget(): void;
}

/** A change must be effective everywhere within 5 seconds; the rest is for the query that precedes remembering. */
const REMEMBERED_SECONDS = 4;
const REMEMBERED_LIMIT = 10_000;

interface Known {
  readonly grants: readonly Grant[];
  readonly rights: Map<string, Right | null>;
  readonly until_ms: number;
}

export function createAccess(options: { db: Queryable; clock: Clock; rememberedSeconds?: number }): Access {
  const { db, clock, rememberedSeconds = REMEMBERED_SECONDS } = options;
  invariant(rememberedSeconds <= REMEMBERED_SECONDS, 'revocation_effective_within_5_seconds');
  const permissions = new Set<string>();
  const known = new Map<string, Known>();
  let tree: { readonly below: ReadonlyMap<number, readonly number[]>; readonly until_ms: number } | undefined;
  let generation = 0;

  // Elapsed real time, not business time: a clock that a test holds still must not keep a revoked right alive.
  const deadline = () => performance.now() + rememberedSeconds * 1_000;

  async function units(): Promise<ReadonlyMap<number, readonly number[]>> {
    if (tree !== undefined && tree.until_ms > performance.now()) return tree.below;
    const until_ms = deadline();
    const { rows } = await asSystem(() =>
      db.query<{ ancestor: number; units: number[] }>(
        'select ancestor_id as ancestor, array_agg(unit_id order by unit_id) as units from kernel.unit_path group by 1',
      ),
    );
    const below = new Map(rows.map((row) => [row.ancestor, row.units]));
    tree = { below, until_ms };
    return below;
  }

  async function learn(actor: Actor): Promise<Known> {
    const { id } = actor;
    const present = known.get(id);
    if (present !== undefined && present.until_ms > performance.now()) return present;
    const until_ms = deadline();
    const begun = generation;
    const grants = actor.grants ?? (await readGrants(db, actor, clock));
    const learnt: Known = { grants, rights: new Map(), until_ms };
    if (begun === generation) {
      if (known.size >= REMEMBERED_LIMIT) known.clear();
      known.set(id, learnt);
    }
    return learnt;
  }

  async function find(actor: Actor, permission: string): Promise<Right | null> {
    const { grants, rights } = await learn(actor);
    const holding = grants.filter(({ patterns }) => patterns.some((pattern) => covers(pattern, permission)));
    const own = holding.filter(({ from }) => from === null);
    // Several delegators never add up: an act is done in the name of one of them.
    const from = own.length > 0 ? null : (holding[0]?.from ?? null);
    const used = own.length > 0 ? own : holding.filter((grant) => grant.from?.id === from?.id);
    const right = used.length === 0 ? null : { visibility: visible(used, await units()), onBehalfOf: from };
    rights.set(permission, right);
    return right;
  }

  return {
    permissions,
    declare(permission) {
      permissions.add(permission);
    },
    rightOf(actor, permission) {
      const present = known.get(actor.id);
      if (present !== undefined && present.until_ms > performance.now()) {
        const right = present.rights.get(permission);
        if (right !== undefined) return right;
      }
      return find(actor, permission);
    },
    async rightIn(actor, permission, unitId, not = []) {
      const [{ grants }, below] = [await learn(actor), await units()];
      const reaching = grants.filter(
        (grant) =>
          (grant.from === null || !not.includes(grant.from.id)) &&
          grant.patterns.some((pattern) => covers(pattern, permission)) &&
          below.get(grant.unitId)?.includes(unitId) === true,
      );
      const used = reaching.find(({ from }) => from === null) ?? reaching[0];
      return used === undefined ? null : { onBehalfOf: used.from };
    },
    async patternsOf(actor) {
      const { grants } = await learn(actor);
      return [...new Set(grants.flatMap(({ patterns }) => patterns))].sort();
    },
    async ownPatternsIn(actor, unitId) {
      const [{ grants }, below] = [await learn(actor), await units()];
      return grants
        .filter(({ from, unitId: top }) => from === null && below.get(top)?.includes(unitId) === true)
        .flatMap(({ patterns }) => patterns);
    },
    forget() {
      generation += 1;
      known.clear();
      tree = undefined;
    },
  };
}

function visible(grants: readonly Grant[], below: ReadonlyMap<number, readonly number[]>): Visibility {
  if (grants.some(({ unitId }) => unitId === institutionId)) return 'all';
  return [...new Set(grants.flatMap(({ unitId }) => below.get(unitId) ?? []))].sort((left, right) => left - right);
}

async function readGrants(db: Queryable, actor: Actor, clock: Clock): Promise<Grant[]> {
  if (actor.kind === 'system') return [{ patterns: ['*:*'], unitId: institutionId, from: null }];
  const { rows } = await asSystem(() =>
    db.query<{ patterns: string[]; unitId: number; fromId: string | null }>(
      `select r.permissions as patterns, a.unit_id as "unitId", null as "fromId"
         from kernel.assignment a join kernel.role r on r.code = a.role_code
        where a.staff_id = $1 and a.valid_from <= $2 and (a.valid_until is null or a.valid_until > $2)
       union all
       select r.permissions, a.unit_id, d.from_id
         from kernel.delegation d
         join kernel.assignment a on a.staff_id = d.from_id and a.role_code = coalesce(d.role_code, a.role_code)
         join kernel.role r on r.code = a.role_code
        where d.to_id = $1 and d.valid_from <= $2 and d.valid_until > $2
          and a.valid_from <= $2 and (a.valid_until is null or a.valid_until > $2)
        order by "fromId" nulls first`,
      [actor.id, clock.now().toString()],
    ),
  );
  return rows.map(({ patterns, unitId, fromId }) => ({
    patterns,
    unitId,
    from: fromId === null ? null : { kind: 'staff', id: fromId, name: '' },
  }));
}

/** For a handler that needs more than its route's permission. @throws `permission_missing` */
export function refused(permission: string): Error {
  return accessError('permission_missing', `This needs the permission ${permission}`, { permission });
}
