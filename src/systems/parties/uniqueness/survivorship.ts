/** Which value wins when several records are one party, and why. Pure. */

/** What a party is said to be in one value each. Everything else (names, identifiers, …) is kept from all records. */
export interface PartyValues {
  readonly birth_date: string | null;
  readonly sex: 'female' | 'male' | null;
  readonly nationality: string | null;
  readonly founded_on: string | null;
}

export type ValueField = keyof PartyValues;

/** The fields in which one value wins. The name to call the party by stays the survivor's. */
export const VALUE_FIELDS = ['birth_date', 'sex', 'nationality', 'founded_on'] as const satisfies readonly ValueField[];

/** One record of a party: its own values, and whether a resident number proves birth date and sex. */
export interface Member {
  readonly partyId: string;
  readonly values: PartyValues;
  readonly proved: boolean;
}

/** Why a value won. */
export type Why = 'resident_number' | 'survivor' | 'oldest_record' | 'nobody_knows';

export interface FieldChoice {
  readonly field: ValueField;
  readonly value: string | null;
  /** Whose value it is; null when nobody has one. */
  readonly party_id: string | null;
  readonly why: Why;
}

const PROVED_BY_NUMBER: ReadonlySet<ValueField> = new Set(['birth_date', 'sex']);

/**
 * Chooses per field, the first that applies: a value that a resident number proves, the survivor's own before others';
 * the survivor's own; that of the oldest record that has one.
 *
 * @param members the survivor first, the others by age, the oldest first
 */
export function chooseValues(members: readonly Member[]): FieldChoice[] {
  return VALUE_FIELDS.map((field) => {
    const known = members.filter(({ values }) => values[field] !== null);
    const proved = PROVED_BY_NUMBER.has(field) ? known.find((member) => member.proved) : undefined;
    const winner = proved ?? known[0];
    if (winner === undefined) return { field, value: null, party_id: null, why: 'nobody_knows' };
    const why = proved !== undefined ? 'resident_number' : winner === members[0] ? 'survivor' : 'oldest_record';
    return { field, value: winner.values[field], party_id: winner.partyId, why };
  });
}

/**
 * The survivor's own values: those it had, but where somebody has changed them since they were written over, the
 * change is the survivor's.
 *
 * @param base its own values before; @param written what was written over them; @param present what stands there now
 */
export function ownValues(base: PartyValues, written: PartyValues, present: PartyValues): PartyValues {
  return {
    birth_date: present.birth_date === written.birth_date ? base.birth_date : present.birth_date,
    sex: present.sex === written.sex ? base.sex : present.sex,
    nationality: present.nationality === written.nationality ? base.nationality : present.nationality,
    founded_on: present.founded_on === written.founded_on ? base.founded_on : present.founded_on,
  };
}
