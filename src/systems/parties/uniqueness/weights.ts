/**
 * What each field says about whether two records are one party (Fellegi and Sunter, A Theory for Record Linkage, 1969).
 *
 * For every level of agreement: `m`, how often it is seen among two records of one party, and `u`, among records of two
 * different parties. The level's weight is log2(m / u), in bits, and the weights of the fields add up. A field that one
 * of the two lacks says nothing. The values are estimates for a Chinese bank's customers; the reason stands beside
 * each. To tune them, count levels among decided cases.
 */

export type Field = 'name' | 'birth_date' | 'sex' | 'phone' | 'email' | 'division' | 'identifier';

export interface Level {
  readonly m: number;
  readonly u: number;
  readonly why: string;
}

export const LEVELS = {
  name: {
    same: { m: 0.8, u: 0.00003, why: 'the same characters or Latin words; most names are shared by few' },
    same_common: { m: 0.8, u: 0.0008, why: 'the same name, but one that more people have than a block may hold' },
    same_sound: { m: 0.1, u: 0.0004, why: 'other characters or another script, pronounced alike' },
    similar: { m: 0.07, u: 0.005, why: 'one character of three or more differs, or the Latin spelling is close' },
    different: { m: 0.03, u: 0.99, why: 'names change by marriage, but rarely' },
  },
  birth_date: {
    same: { m: 0.95, u: 0.00005, why: 'sixty years of birth dates, some days more frequent' },
    swapped: { m: 0.01, u: 0.00005, why: 'day and month exchanged' },
    one_slip: { m: 0.03, u: 0.001, why: 'one digit wrong, or two neighbours exchanged' },
    different: { m: 0.01, u: 0.99, why: 'a birth date does not change' },
  },
  sex: {
    same: { m: 0.99, u: 0.5, why: 'half of all people' },
    different: { m: 0.01, u: 0.5, why: 'entered wrongly' },
  },
  phone: {
    same: { m: 0.6, u: 0.0002, why: 'families and small firms share a number' },
    different: { m: 0.4, u: 0.99, why: 'numbers change often' },
  },
  email: {
    same: { m: 0.6, u: 0.0001, why: 'rarely shared' },
    different: { m: 0.4, u: 0.99, why: 'addresses change often' },
  },
  division: {
    same_county: { m: 0.75, u: 0.04, why: 'a bank’s customers live close to it' },
    same_city: { m: 0.12, u: 0.1, why: 'moved within the city, or the same city by chance' },
    same_province: { m: 0.08, u: 0.3, why: 'moved within the province' },
    different: { m: 0.05, u: 0.5, why: 'moved far' },
  },
  identifier: {
    same: { m: 0.999, u: 0.000000001, why: 'an identifier names one party; decides by itself' },
    one_slip: { m: 0.02, u: 0.00002, why: 'a document of the same kind, its number mistyped once' },
    renewed: { m: 0.3, u: 0.99, why: 'another number of a document that is issued anew, such as a passport' },
    different: { m: 0.001, u: 0.99, why: 'another number of a document one has for life' },
  },
} as const satisfies Readonly<Record<Field, Readonly<Record<string, Level>>>>;

export type LevelOf<F extends Field> = keyof (typeof LEVELS)[F] & string;

/** Documents whose number changes with every issue. All others are taken to stay for life. */
export const RENEWED_IDENTIFIERS: ReadonlySet<string> = new Set([
  'passport',
  'hong_kong_macao_permit',
  'taiwan_permit',
  'foreigner_residence_permit',
  'business_licence',
  'other',
]);

/**
 * Below this many bits: a new party. Twenty bits are one in a million: among a million parties, one that agrees by as much
 * is as likely somebody else as the same.
 */
export const LOWER = 20;
/** At least this many bits: proposed as the same party, 250 to 1 among a million. In between a person decides. */
export const UPPER = 28;

/** Weight of a level in bits, to one decimal: log2(m / u). */
export function weightOf({ m, u }: Level): number {
  return Math.round(Math.log2(m / u) * 10) / 10;
}
