/**
 * Blocking keys: only parties that share one are compared. Each rule forgives certain mistakes, so that a record with a
 * few of them still shares a key with its twin. Pure.
 */
import { hash } from 'node:crypto';
import { letters, type NormalName, surnames } from './names.ts';
import type { Profile } from './profile.ts';

/** From what each rule is made. */
export const KEY_RULES = {
  identifier: 'kind and number of an identifier',
  phone: 'a phone number',
  email: 'an e-mail address',
  name_and_year: 'the letters of a name and the year of birth: forgives day, month, script, homophones, order of words',
  name_and_day: 'the letters of a name and day and month of birth: forgives the year',
  surname_and_date: 'the surname as it sounds and the date of birth: forgives the given name',
  name: 'the letters of a name: for records without a date; too large to look into for common names',
} as const;

export type KeyRule = keyof typeof KEY_RULES;

export interface MatchKey {
  readonly rule: KeyRule;
  /** 64 bits, signed, of the SHA-256 of kind, rule and value. */
  readonly hash: bigint;
}

/** A party has at most this many keys; who has dozens of names is found by those named first. */
const MOST_KEYS = 48;

/** The keys of a profile, each once, those that find fewest first. */
export function keysOf(profile: Profile): MatchKey[] {
  const { kind, names, birthDate } = profile;
  const found = new Map<bigint, KeyRule>();
  const add = (rule: KeyRule, ...parts: readonly string[]) => {
    const key = hashOf(kind, rule, ...parts);
    if (found.size < MOST_KEYS && !found.has(key)) found.set(key, rule);
  };
  for (const { kind: document, number } of profile.identifiers) add('identifier', document, number);
  for (const phone of profile.phones) add('phone', phone);
  for (const email of profile.emails) add('email', email);
  for (const name of names) {
    const sound = letters(name);
    if (birthDate !== null) {
      add('name_and_year', sound, birthDate.slice(0, 4));
      add('name_and_day', sound, birthDate.slice(5));
      if (kind === 'person') for (const surname of surnames(name)) add('surname_and_date', surname, birthDate);
    }
    add('name', sound);
  }
  return [...found].map(([key, rule]) => ({ rule, hash: key }));
}

/** The key that counts how many bear a name. */
export function nameKey(kind: Profile['kind'], name: NormalName): bigint {
  return hashOf(kind, 'name', letters(name));
}

function hashOf(kind: Profile['kind'], rule: KeyRule, ...parts: readonly string[]): bigint {
  return hash('sha256', [kind, rule, ...parts].join('\u001f'), 'buffer').readBigInt64BE(0);
}
