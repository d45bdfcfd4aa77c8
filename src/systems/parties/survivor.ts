/** The party that stands for others after a merge, and those it stands for. */
import type { Queryable } from '#kernel/database';
import { canonicalUuid } from '#kernel/ids';
import { partyError } from './errors.ts';

/**
 * The party that stands for `partyId`: itself, or what it was merged into, directly or through others, as far as the
 * present request may see. Error: `party_not_found`.
 */
export async function survivorOf(db: Queryable, partyId: string): Promise<string> {
  const id = canonicalUuid(partyId);
  if (id !== undefined) {
    const { rows } = await db.query<{ survivor: string | null }>('select parties.survivor_of($1) as survivor', [id]);
    const survivor = rows[0]?.survivor;
    if (survivor != null) return survivor;
  }
  throw partyError('party_not_found', `No party ${partyId.slice(0, 60)}`);
}

/**
 * All parties that are one with `partyId` at present: who stands for it, and everybody that one stands for, as far as the
 * present request may see. What other systems keep under the id of a party is found under these. Error: `party_not_found`.
 */
export async function membersOf(db: Queryable, partyId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>('select parties.members_of($1) as id', [
    await survivorOf(db, partyId),
  ]);
  return rows.map(({ id }) => id);
}
