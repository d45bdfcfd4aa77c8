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
  name: 'the letters of a name: for who asks without a date; tells how common a name is',
  name_undated: 'the letters of the name of a record without a date: for who asks with one',
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
    if (birthDate === null) add('name_undated', sound);
  }
  return [...found].map(([key, rule]) => ({ rule, hash: key }));
}

/** A key to look up. */
export interface WantedKey extends MatchKey {
  /** Only how many have it is asked, not who. */
  readonly counted: boolean;
}

/**
 * The keys under which records like this one may stand. Who has a date looks among those of a name only at records without
 * one: with another date, a name alone is never enough, and what else agrees has keys of its own.
 */
export function wantedKeys(profile: Profile): WantedKey[] {
  const dated = profile.birthDate !== null;
  const keys = keysOf(profile)
    .filter(({ rule }) => rule !== 'name_undated')
    .map((key) => ({ ...key, counted: dated && key.rule === 'name' }));
  if (!dated) return keys;
  const undated = new Map(profile.names.map((name) => [hashOf(profile.kind, 'name_undated', letters(name)), name]));
  return [...keys, ...[...undated.keys()].map((hash) => ({ rule: 'name_undated' as const, hash, counted: false }))];
}

/** The key that counts how many bear a name. */
export function nameKey(kind: Profile['kind'], name: NormalName): bigint {
  return hashOf(kind, 'name', letters(name));
}

function hashOf(kind: Profile['kind'], rule: KeyRule, ...parts: readonly string[]): bigint {
  return hash('sha256', [kind, rule, ...parts].join('\u001f'), 'buffer').readBigInt64BE(0);
}
