/** Who may see personal data of parties in plain. */
import type { FastifyRequest } from 'fastify';
import type { Access } from '#kernel/access';
import type { Sight } from './json.ts';

/** Beyond `party:read`, which shows names and numbers masked. */
export const personalPermission = 'party.personal:read';

/** What the caller of a request may see, asked once per unit. */
export function sightOf(access: Access, request: Pick<FastifyRequest, 'principal'>): Sight {
  const known = new Map<number, Promise<boolean>>();
  return ({ unitId }) => {
    const before = known.get(unitId);
    if (before !== undefined) return before;
    const { principal } = request;
    const asked =
      principal === null
        ? Promise.resolve(false)
        : access.rightIn(principal, personalPermission, unitId).then((right) => right !== null);
    known.set(unitId, asked);
    return asked;
  };
}
