/** Who may see personal data of parties in plain. */
import type { Access } from '#kernel/access';
import { currentContext } from '#kernel/context';
import type { Sight } from './json.ts';

/** Beyond `party:read`, which shows names and numbers masked. */
export const personalPermission = 'party.personal:read';

/** What who is acting now may see, asked once per unit. */
export function sightOf(access: Access): Sight {
  const { actor } = currentContext();
  const known = new Map<number, Promise<boolean>>();
  return ({ unitId }) => {
    const asked =
      known.get(unitId) ?? access.rightIn(actor, personalPermission, unitId).then((right) => right !== null);
    known.set(unitId, asked);
    return asked;
  };
}
