/** Identifiers of persons and organisations: their forms, check digits and what can be read from them. */

import { isStorable } from '#kernel/database';
import { addMonths, isValidDate } from '#kernel/dates';
import { partyError } from '../errors.ts';
import type { Identifier, PartyKind, Sex } from '../model.ts';
import { mod11_2, mod11_10, mod31, socialCreditCharacters } from './check-digits.ts';
import { countryOfDigits, isCountry, isTravelCountry } from './countries.ts';
import { isDivision, provinces } from './divisions.ts';

export const identifierKinds = [
  'resident_id',
  'passport',
  'hong_kong_macao_permit',
  'taiwan_permit',
  'hong_kong_macao_taiwan_residence_permit',
  'foreigner_residence_permit',
  'unified_social_credit_code',
  'business_licence',
  'other',
] as const;
export type IdentifierKind = (typeof identifierKinds)[number];

/** Why an identifier is none, in the order of the checks. */
export type IdentifierFault =
  | 'identifier_kind_unknown'
  | 'identifier_malformed'
  | 'identifier_old_form'
  | 'identifier_division_unknown'
  | 'identifier_birth_date_impossible'
  | 'identifier_check_digit_wrong'
  | 'identifier_expired';

/** What a number says by itself. */
export interface Reading {
  /** Normal form: no spaces, capitals, the resident numbers of the old form with 18 digits. */
  readonly value: string;
  readonly country: string;
  readonly birthDate?: string | undefined;
  readonly sex?: Sex | undefined;
  readonly nationality?: string | undefined;
}

/** An identifier as it is kept, with what it says of its holder. */
export interface CheckedIdentifier extends Reading {
  readonly kind: IdentifierKind;
  readonly issuedBy: string | null;
  readonly issuedOn: string | null;
  readonly expiresOn: string | null;
}

export type IdentifierCheck =
  | { readonly ok: true; readonly identifier: CheckedIdentifier }
  | { readonly ok: false; readonly code: IdentifierFault; readonly detail: string };

export interface IdentifierRules {
  /** The date of today, which no birth lies behind. */
  readonly today: string;
  /** Resident numbers with 15 digits become those with 18, born in 19…; otherwise they are refused. */
  readonly upgradeOldForm?: boolean | undefined;
  /** Takes in documents that have run out, which is normal for customers of long standing. */
  readonly acceptExpired?: boolean | undefined;
}

type Fault = readonly [code: IdentifierFault, detail: string];
type Read = (value: string, country: string | undefined, rules: IdentifierRules) => Reading | Fault;

/** Whom a kind of identifier is for. */
export function holderOf(kind: IdentifierKind): PartyKind | 'any' {
  if (kind === 'other') return 'any';
  return kind === 'unified_social_credit_code' || kind === 'business_licence' ? 'organisation' : 'person';
}

/** Whether a text names a kind of identifier. */
export function isIdentifierKind(kind: string): kind is IdentifierKind {
  return (identifierKinds as readonly string[]).includes(kind);
}

/** The written number without spaces and hyphens, in capitals, digits as ASCII: how numbers are compared. */
export function identifierText(value: string): string {
  return value
    .normalize('NFKC')
    .replaceAll(/[\s\p{Pd}]/gu, '')
    .toUpperCase();
}

/** Judges an identifier; tells the first fault in the order of {@link IdentifierFault}. */
export function checkIdentifier(input: Identifier, rules: IdentifierRules): IdentifierCheck {
  const { kind } = input;
  if (!isIdentifierKind(kind)) {
    return { ok: false, code: 'identifier_kind_unknown', detail: `No kind of identifier '${kind.slice(0, 40)}'` };
  }
  const read = readers[kind](identifierText(input.value), input.country, rules);
  if (!('value' in read)) return { ok: false, code: read[0], detail: read[1] };
  const fault = termFault(input, rules) ?? (isStorable(input.issuedBy ?? '') ? undefined : malformed('Issuer invalid'));
  if (fault !== undefined) return { ok: false, code: fault[0], detail: fault[1] };
  const { issuedBy = null, issuedOn = null, expiresOn = null } = input;
  return { ok: true, identifier: { kind, ...read, issuedBy, issuedOn, expiresOn } };
}

/** The same, throwing the fault as an error; the number itself is never part of it. */
export function checkedIdentifier(input: Identifier, rules: IdentifierRules): CheckedIdentifier {
  const check = checkIdentifier(input, rules);
  if (check.ok) return check.identifier;
  throw partyError(check.code, check.detail, { kind: input.kind.slice(0, 40) });
}

/** Whether a document is still good on a date. */
export function isExpired(expiresOn: string | null, on: string): boolean {
  return expiresOn !== null && expiresOn < on;
}

const malformed = (detail: string): Fault => ['identifier_malformed', detail];

function termFault({ issuedOn, expiresOn }: Identifier, rules: IdentifierRules): Fault | undefined {
  for (const date of [issuedOn, expiresOn]) {
    if (date != null && !isValidDate(date)) return malformed('The term of a document has dates YYYY-MM-DD');
  }
  if (issuedOn != null && expiresOn != null && expiresOn < issuedOn) return malformed('It ends before it was issued');
  if (issuedOn != null && issuedOn > rules.today) return malformed('It was issued in the future');
  if (expiresOn != null && isExpired(expiresOn, rules.today) && rules.acceptExpired !== true) {
    return ['identifier_expired', `It was good until ${expiresOn}`];
  }
  return undefined;
}

const readers: Readonly<Record<IdentifierKind, Read>> = {
  // GB 11643-1999: six digits of the division, birth date, three digits in order, odd for men, check character.
  resident_id(given, _country, rules) {
    const old = /^[1-9][0-9]{14}$/.test(given);
    if (old && rules.upgradeOldForm !== true) {
      return ['identifier_old_form', 'Numbers with 15 digits are not valid since 2013-01-01; give the one with 18'];
    }
    const value = old ? upgraded(given) : given;
    if (!/^[1-9][0-9]{16}[0-9X]$/.test(value)) return malformed('It has 18 digits, the last may be X');
    if (/^8[123]0000/.test(value)) return malformed('This is the number of a residence permit (港澳台居民居住证)');
    if (!isDivision(value.slice(0, 6))) return unknownDivision;
    return personNumber(value, 'CHN', rules, { nationality: 'CHN' });
  },
  // GA/T 704 and the form of ICAO Doc 9303, to which all readable passports keep: up to nine letters and digits.
  passport(value, country = 'CHN') {
    if (!isTravelCountry(country)) return malformed('The issuing state is a code such as CHN (ISO 3166-1 alpha-3)');
    const chinese = /^(?:E[0-9]{8}|E[A-HJ-NP-Z][0-9]{7}|[DGPS][0-9]{8}|[DPS]E[0-9]{7}|1[45][0-9]{7}|[PS][0-9]{7})$/;
    if (country === 'CHN' && !chinese.test(value)) return malformed('A Chinese passport has a form such as E12345678');
    if (!/^[A-Z0-9]{4,9}$/.test(value) || !/[0-9]/.test(value)) return malformed('It has 4 to 9 letters and digits');
    return { value, country };
  },
  // 港澳居民来往内地通行证: H or M, eight digits for life, before 2013 two more for how often it was issued.
  hong_kong_macao_permit(value) {
    if (!/^[HM][0-9]{8}(?:[0-9]{2})?$/.test(value)) return malformed('It has H or M and 8 or 10 digits');
    return { value, country: 'CHN', nationality: 'CHN' };
  },
  // 台湾居民来往大陆通行证 of five years, since 2015.
  taiwan_permit(value) {
    if (!/^[0-9]{8}$/.test(value)) return malformed('It has 8 digits');
    return { value, country: 'CHN', nationality: 'CHN' };
  },
  // 港澳台居民居住证: the form of a resident number below 810000, 820000 or 830000.
  hong_kong_macao_taiwan_residence_permit(value, _country, rules) {
    if (!/^[1-9][0-9]{16}[0-9X]$/.test(value)) return malformed('It has 18 digits, the last may be X');
    if (!/^8[123]0000/.test(value)) return ['identifier_division_unknown', 'It begins with 810000, 820000 or 830000'];
    return personNumber(value, 'CHN', rules, { nationality: 'CHN' });
  },
  // 外国人永久居留身份证: since 2023 a 9, province, numeric country and then as a resident number; before, the letters
  // of the country, four digits of the division, YYMMDD and two digits.
  foreigner_residence_permit(value, _country, rules) {
    if (/^9[0-9]{16}[0-9X]$/.test(value)) {
      if (!provinces.has(value.slice(1, 3))) return unknownDivision;
      const nationality = countryOfDigits(value.slice(3, 6));
      if (nationality === undefined) return malformed('It names no country that exists');
      return personNumber(value, 'CHN', rules, { nationality });
    }
    if (!/^[A-Z]{3}[0-9]{12}$/.test(value)) return malformed('It has 18 digits from 9, or 3 letters and 12 digits');
    if (!isTravelCountry(value.slice(0, 3))) return malformed('It names no country that exists');
    if (!provinces.has(value.slice(3, 5))) return unknownDivision;
    const [month, day] = [value.slice(9, 11), value.slice(11, 13)];
    // 2000 is a leap year, so that only days that exist in no year are refused: the century is not in the number.
    if (!isValidDate(`2000-${month}-${day}`)) return birthDateImpossible(`${month}-${day} is no day`);
    return { value, country: 'CHN', nationality: value.slice(0, 3) };
  },
  // GB 32100-2015: registry, category, six digits of the division, nine of the organisation code, check character. The
  // division is not judged: registries above the provinces and of the armed forces have codes of their own.
  unified_social_credit_code(value) {
    const characters = [...value].every((character) => socialCreditCharacters.includes(character));
    if (value.length !== 18 || !characters) return malformed('It has 18 digits and capitals without I, O, Z, S, V');
    if (!/^[0-9]{6}$/.test(value.slice(2, 8))) return malformed('Its third to eighth characters are digits');
    if (mod31(value.slice(0, 17)) !== value.slice(17)) return wrongCheckDigit;
    return { value, country: 'CHN' };
  },
  // GS 15-2006: the registration number on licences from before 2015.
  business_licence(value) {
    if (!/^[0-9]{15}$/.test(value)) return malformed('It has 15 digits');
    if (mod11_10(value.slice(0, 14)) !== value.slice(14)) return wrongCheckDigit;
    return { value, country: 'CHN' };
  },
  other(value, country = 'CHN') {
    if (!isCountry(country)) return malformed('The issuing state is a code such as CHN (ISO 3166-1 alpha-3)');
    if (!/^[\p{L}\p{N}/._:()]{1,64}$/u.test(value) || !isStorable(value)) return malformed('It has 1 to 64 characters');
    return { value, country };
  },
};

const wrongCheckDigit: Fault = ['identifier_check_digit_wrong', 'Its check digit does not fit; a digit is mistyped'];
const unknownDivision: Fault = ['identifier_division_unknown', 'It names no province that exists'];
const birthDateImpossible = (detail: string): Fault => ['identifier_birth_date_impossible', detail];

/** Nobody has lived for longer. */
const GREATEST_AGE_YEARS = 130;

function personNumber(
  value: string,
  country: string,
  { today }: IdentifierRules,
  more: Pick<Reading, 'nationality'>,
): Reading | Fault {
  const birthDate = `${value.slice(6, 10)}-${value.slice(10, 12)}-${value.slice(12, 14)}`;
  if (!isValidDate(birthDate)) return birthDateImpossible('The birth date in it is no day of the calendar');
  if (birthDate > today) return birthDateImpossible('The birth date in it lies in the future');
  if (isValidDate(today) && birthDate < addMonths(today, -12 * GREATEST_AGE_YEARS)) {
    return birthDateImpossible(`The birth date in it is more than ${GREATEST_AGE_YEARS} years ago`);
  }
  if (mod11_2(value.slice(0, 17)) !== value.slice(17)) return wrongCheckDigit;
  const sex = Number(value.charAt(16)) % 2 === 1 ? 'male' : 'female';
  return { value, country, birthDate, sex, ...more };
}

/** The 18 digits of a number with 15: born in 19…, as 15 digits were given only until 1999 (GB 11643-1999, annex). */
function upgraded(old: string): string {
  const seventeen = `${old.slice(0, 6)}19${old.slice(6)}`;
  return seventeen + mod11_2(seventeen);
}
