/** What parties are: the types every part of the room shares, and the pure rules of names and contacts. */
import { isStorable } from '#kernel/database';
import { partyError } from './errors.ts';

export const partyKinds = ['person', 'organisation'] as const;
export type PartyKind = (typeof partyKinds)[number];
export const sexes = ['female', 'male'] as const;
export type Sex = (typeof sexes)[number];
export const nameKinds = ['legal', 'former', 'alias', 'transliteration'] as const;
export type NameKind = (typeof nameKinds)[number];
export const addressKinds = ['residence', 'household', 'registered', 'business', 'mailing'] as const;
export type AddressKind = (typeof addressKinds)[number];
export const contactKinds = ['mobile', 'telephone', 'email'] as const;
export type ContactKind = (typeof contactKinds)[number];

export interface Name {
  readonly kind: NameKind;
  /** ISO 15924, such as Hani or Latn; without it, that of most letters of the value. */
  readonly script?: string | undefined;
  readonly value: string;
}

/** A name with its script. */
export interface CheckedName extends Name {
  readonly script: string;
}

export interface Identifier {
  readonly kind: string;
  readonly value: string;
  /** ISO 3166-1 alpha-3 of the state that issued it; without it that of the kind, China for most. */
  readonly country?: string | undefined;
  readonly issuedBy?: string | null | undefined;
  readonly issuedOn?: string | null | undefined;
  /** The last day it is good for; null: without end. */
  readonly expiresOn?: string | null | undefined;
  /** Takes a resident number of 15 digits and keeps the one with 18. */
  readonly upgradeOldForm?: boolean | undefined;
}

export interface Address {
  readonly kind: AddressKind;
  /** ISO 3166-1 alpha-3; default CHN. */
  readonly country?: string | undefined;
  /** Six digits of GB/T 2260; wanted in China, nowhere else. */
  readonly divisionCode?: string | null | undefined;
  readonly line: string;
  readonly postalCode?: string | null | undefined;
}

/** An address with nothing left open. */
export interface CheckedAddress extends Address {
  readonly country: string;
  readonly divisionCode: string | null;
  readonly postalCode: string | null;
}

export interface Contact {
  readonly kind: ContactKind;
  readonly value: string;
}

/** What a party is said to be. */
export interface PartyInput {
  /** UUID of the caller; the same party again under it changes nothing. */
  readonly id: string;
  readonly unitId: number;
  readonly kind: PartyKind;
  readonly names: readonly Name[];
  readonly identifiers?: readonly Identifier[] | undefined;
  readonly addresses?: readonly Address[] | undefined;
  readonly contacts?: readonly Contact[] | undefined;
  /** Without it, that of a resident number. */
  readonly birthDate?: string | null | undefined;
  readonly sex?: Sex | null | undefined;
  readonly nationality?: string | null | undefined;
  readonly foundedOn?: string | null | undefined;
}

/** Letters and digits of a name in compatibility form (NFKC) and lower case: what searches compare. */
export function searchKey(value: string): string {
  return value
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}]/gu, '');
}

const scripts: readonly (readonly [name: string, letters: RegExp])[] = [
  ['Hani', /\p{Script=Han}/gu],
  ['Latn', /\p{Script=Latin}/gu],
  ['Hang', /\p{Script=Hangul}/gu],
  ['Jpan', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Cyrl', /\p{Script=Cyrillic}/gu],
  ['Arab', /\p{Script=Arabic}/gu],
  ['Tibt', /\p{Script=Tibetan}/gu],
  ['Mong', /\p{Script=Mongolian}/gu],
];

/** The script (ISO 15924) of most letters; Zyyy when none of those known has any. */
export function scriptOf(value: string): string {
  let most = { script: 'Zyyy', letters: 0 };
  for (const [script, pattern] of scripts) {
    const letters = value.match(pattern)?.length ?? 0;
    if (letters > most.letters) most = { script, letters };
  }
  return most.script;
}

/** A name as it is kept: single spaces, compatibility dots of names (·) in one form. */
export function checkedName({ kind, script, value }: Name): CheckedName {
  const kept = value
    .normalize('NFC')
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[•‧∙・･]/g, '·');
  const fault = nameFault(kept);
  if (fault !== undefined) throw partyError('name_invalid', fault, { kind });
  if (script !== undefined && !/^[A-Z][a-z]{3}$/.test(script)) {
    throw partyError('name_invalid', 'A script has four letters, such as Hani or Latn (ISO 15924)', { kind });
  }
  return { kind, script: script ?? scriptOf(kept), value: kept };
}

function nameFault(value: string): string | undefined {
  if (value.length < 1 || value.length > 200) return 'A name has 1 to 200 characters';
  if (/\p{Cc}/u.test(value) || !isStorable(value)) return 'A name has no control characters';
  if (searchKey(value) === '') return 'A name has letters or digits';
  return undefined;
}

// The numbers of mobile networks in China: eleven digits from 13 to 19 (工业和信息化部 电信网编号计划).
const mobileForm = /^(?:\+?86|0086)?(1[3-9][0-9]{9})$/;
const internationalForm = /^\+[1-9][0-9]{6,14}$/;
// What ordinary addresses look like (RFC 5321 section 4.5.3.1 for lengths), without quoted local parts.
const emailForm =
  /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])$/u;

/**
 * The kept form of a contact: numbers as E.164, mobile numbers of China also without +86; the domain of an e-mail
 * address in lower case. Error: `contact_invalid`.
 */
export function checkedContact({ kind, value }: Contact): Contact {
  const kept = contactValue(kind, value);
  if (kept === undefined) throw partyError('contact_invalid', `Not a contact of kind ${kind}`, { kind });
  return { kind, value: kept };
}

/** The kept form of a contact, or undefined when it is none; for searches. */
export function contactValue(kind: ContactKind, value: string): string | undefined {
  if (kind === 'email') {
    const text = value.normalize('NFC').trim();
    if (text.length > 254 || text.lastIndexOf('@') > 64 || !emailForm.test(text)) return undefined;
    const at = text.lastIndexOf('@');
    return text.slice(0, at) + text.slice(at).toLowerCase();
  }
  const digits = value.normalize('NFKC').replaceAll(/[\s().-]/g, '');
  const mobile = mobileForm.exec(digits)?.[1];
  if (mobile !== undefined) return `+86${mobile}`;
  // A number of China that is not that of a mobile network is none for a mobile.
  if (kind === 'mobile' && digits.startsWith('+86')) return undefined;
  if (internationalForm.test(digits)) return digits;
  // A telephone of China with its area code: 0 and three to eleven digits.
  if (kind === 'telephone' && /^0[1-9][0-9]{8,10}$/.test(digits)) return `+86${digits.slice(1)}`;
  return undefined;
}
