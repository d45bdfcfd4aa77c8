/** Decides what an actor may do and see, from what the database said in the last seconds. */
import type { Clock } from '#kernel/clock';
import { type Actor, asSystem, type Visibility } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { invariant } from '#kernel/errors';
import { accessError } from './errors.ts';
import { covers } from './permissions.ts';
import { institutionId } from './units.ts';

/** Permissions held in a unit and all below it. */
export interface Grant {
  readonly patterns: readonly string[];
  readonly unitId: number;
  /** The colleague whose right it is; null when it is the actor's own. */
  readonly from: Actor | null;
}

/** An actor who has been let in, with the grants that came with it (a token's) or none yet (a person's). */
export interface Principal {
  readonly actor: Actor;
  readonly grants?: readonly Grant[];
}

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
  rightOf(principal: Principal, permission: string): Right | null | Promise<Right | null>;
  /**
   * The right to do something in one unit; `not` names colleagues whose delegated right does not count.
   */
  rightIn(
    principal: Principal,
    permission: string,
    unitId: number,
    not?: readonly string[],
  ): Promise<Pick<Right, 'onBehalfOf'> | null>;
  /**
   * The patterns of permissions an actor holds anywhere, for what a page shows.
   */
  patternsOf(principal: Principal): Promise<readonly string[]>;
  /** Whether somebody may give permissions away in a unit: nobody grants more than they hold there. */
  mayGrant(principal: Principal, patterns: readonly string[], unitId: number): Promise<boolean>;
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

  async function learn(principal: Principal): Promise<Known> {
    const { id } = principal.actor;
    const present = known.get(id);
    if (present !== undefined && present.until_ms > performance.now()) return present;
    const until_ms = deadline();
    const begun = generation;
    const grants = principal.grants ?? (await readGrants(db, principal.actor, clock));
    const learnt: Known = { grants, rights: new Map(), until_ms };
    if (begun === generation) {
      if (known.size >= REMEMBERED_LIMIT) known.clear();
      known.set(id, learnt);
    }
    return learnt;
  }

  async function find(principal: Principal, permission: string): Promise<Right | null> {
    const { grants, rights } = await learn(principal);
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
    rightOf(principal, permission) {
      const present = known.get(principal.actor.id);
      if (present !== undefined && present.until_ms > performance.now()) {
        const right = present.rights.get(permission);
        if (right !== undefined) return right;
      }
      return find(principal, permission);
    },
    async rightIn(principal, permission, unitId, not = []) {
      const [{ grants }, below] = [await learn(principal), await units()];
      const reaching = grants.filter(
        (grant) =>
          (grant.from === null || !not.includes(grant.from.id)) &&
          grant.patterns.some((pattern) => covers(pattern, permission)) &&
          below.get(grant.unitId)?.includes(unitId) === true,
      );
      const used = reaching.find(({ from }) => from === null) ?? reaching[0];
      return used === undefined ? null : { onBehalfOf: used.from };
    },
    async patternsOf(principal) {
      const { grants } = await learn(principal);
      return [...new Set(grants.flatMap(({ patterns }) => patterns))].sort();
    },
    async mayGrant(principal, patterns, unitId) {
      const [{ grants }, below] = [await learn(principal), await units()];
      const held = grants.filter(({ from, unitId: at }) => from === null && below.get(at)?.includes(unitId) === true);
      const all = held.flatMap((grant) => grant.patterns);
      return patterns.every((pattern) =>
        all.some((one) => one === '*:*' || one === pattern || coversPattern(one, pattern)),
      );
    },
    forget() {
      generation += 1;
      known.clear();
      tree = undefined;
    },
  };
}

/** Whether every permission that `narrow` covers is covered by `wide`. */
function coversPattern(wide: string, narrow: string): boolean {
  const [resource = '', action = ''] = narrow.split(':');
  const [, wideAction = ''] = wide.split(':');
  if (wideAction !== '*' && action !== wideAction) return false;
  const [wideResource = ''] = wide.split(':');
  if (wideResource === '*') return true;
  if (resource === wideResource) return true;
  return wideResource.endsWith('.*') && resource.startsWith(wideResource.slice(0, -1));
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
