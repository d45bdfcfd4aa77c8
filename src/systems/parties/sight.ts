/** Who may see personal data of parties in plain, and whose data was looked at. */
import { auditSubject, subjectText, unmaskedSubjects } from '#kernel/audit';
import { asSystem, currentContext } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import type { HttpDeps } from '#kernel/http';
import { canonicalUuid } from '#kernel/ids';
import { membersOf } from './survivor.ts';

/** Beyond `party:read`, which shows names and numbers masked. */
export const personalPermission = 'party.personal:read';

/** What is personal of a person, by the names of the fields of a reply; `name` is all names. */
export const personalFields = ['name', 'birth_date', 'sex', 'identifiers', 'addresses', 'contacts'] as const;
export type PersonalField = (typeof personalFields)[number];

/** Whether a field of one party may be seen in plain. */
export type Shown = (field: PersonalField) => boolean;

/** What may be seen of a party. Asking is looking: it names the party in the audit trail. */
export type Sight = (party: { readonly id: string; readonly unitId: number }) => Promise<Shown>;

/**
 * What who is acting now may see: all fields in the units in which they hold {@link personalPermission}, and elsewhere those
 * of a grant to unmask. The permission is asked for once per unit, grants once.
 *
 * @param on where grants are read; within a transaction that one.
 */
export function sightOf({ access, db, clock }: Pick<HttpDeps, 'access' | 'clock' | 'db'>, on: Queryable = db): Sight {
  const { actor } = currentContext();
  const plainIn = new Map<number, Promise<boolean>>();
  let grants: ReturnType<typeof unmaskedSubjects> | undefined;
  return async ({ id, unitId }) => {
    const subject = { kind: 'party', id, unitId };
    auditSubject(subject);
    const asked =
      plainIn.get(unitId) ?? access.rightIn(actor, personalPermission, unitId).then((right) => right !== null);
    plainIn.set(unitId, asked);
    if (await asked) return () => true;
    grants ??= unmaskedSubjects({ db: on, clock });
    const fields = (await grants).get(subjectText(subject));
    return (field) => fields !== undefined && (fields.has('*') || fields.has(field));
  };
}

/**
 * Names a party, and all that it stands for since a merge, in the audit trail: for requests about one party.
 * Error: `party_not_found`.
 */
export async function lookAt(db: Queryable, partyId: string): Promise<void> {
  const id = canonicalUuid(partyId);
  // Also what is not there was asked for.
  if (id !== undefined) auditSubject({ kind: 'party', id });
  await lookAtAll(db, await membersOf(db, partyId));
}

/** Names parties by their ids in the audit trail, each with its unit, also those that the request does not see itself. */
export async function lookAtAll(db: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await asSystem(() =>
    db.query<{ id: string; unitId: number }>(
      'select party_id as id, unit_id as "unitId" from parties.party where party_id = any ($1::uuid[])',
      [[...ids]],
    ),
  );
  for (const { id, unitId } of rows) auditSubject({ kind: 'party', id, unitId });
}
