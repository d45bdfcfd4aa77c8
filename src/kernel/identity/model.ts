/** Types of people and sessions, and the rules without I/O: states, logins, passwords, waiting after failures. */
import { identityError } from './errors.ts';

export const staffStates = ['invited', 'active', 'suspended', 'left'] as const;
export type StaffState = (typeof staffStates)[number];

export const locales = ['zh-CN', 'en'] as const;
export type Locale = (typeof locales)[number];

/** A person who works for the institution. */
export interface Staff {
  readonly staffId: string;
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly locale: Locale;
  /** Home unit: decides who may see and change this person. */
  readonly unitId: number;
  readonly state: StaffState;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

export interface StaffInput {
  readonly login: string;
  readonly name: string;
  readonly email: string;
  readonly locale?: Locale | undefined;
  /** Default 1, the institution. */
  readonly unitId?: number | undefined;
}

/** What an administrator can do to a person; the first password or single sign-on makes an invited one active. */
export type StaffChange = 'suspend' | 'reinstate' | 'leave';

const changes: Readonly<Record<StaffChange, { from: readonly StaffState[]; to: StaffState }>> = {
  suspend: { from: ['invited', 'active'], to: 'suspended' },
  // Whoever comes back needs a new one-time link, so that an old password alone does not open the door again.
  reinstate: { from: ['suspended'], to: 'invited' },
  leave: { from: ['invited', 'active', 'suspended'], to: 'left' },
};

/** The state after a change; the state itself when it is there already. @throws `staff_state_invalid` */
export function stateAfter(state: StaffState, change: StaffChange): StaffState {
  const { from, to } = changes[change];
  if (state === to) return state;
  if (!from.includes(state)) {
    throw identityError('staff_state_invalid', `Somebody who is ${state} cannot ${change}`, { state });
  }
  return to;
}

const LOGIN = /^[a-z0-9][a-z0-9._-]{1,62}$/;
const EMAIL = /^[^\s@<>"(),:;\\[\]]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*$/;

/** Whether a text can be a login. */
export function isLogin(text: string): boolean {
  return LOGIN.test(text);
}

/** Lower case, checked. @throws `login_invalid` */
export function checkLogin(text: string): string {
  const login = text.toLowerCase();
  if (LOGIN.test(login)) return login;
  throw identityError('login_invalid', 'A login has 2 to 63 letters a-z, digits, dots, hyphens or underscores');
}

/** Lower case, checked. @throws `staff_field_invalid` */
export function checkEmail(text: string): string {
  const email = text.toLowerCase();
  if (email.length <= 254 && EMAIL.test(email)) return email;
  throw identityError('staff_field_invalid', 'This is not an e-mail address', { field: 'email' });
}

/** @throws `staff_field_invalid` */
export function checkName(text: string): string {
  if (text.trim() === text && text.length >= 1 && text.length <= 100 && !/\p{Cc}/u.test(text)) return text;
  throw identityError('staff_field_invalid', 'A name has 1 to 100 characters, none of them control characters', {
    field: 'name',
  });
}

/** How many earlier passwords may not be used again, and how long a password is at least. */
export interface PasswordPolicy {
  readonly shortest: number;
  readonly history: number;
}

/** Longer ones cost time to hash and protect no better. */
export const LONGEST_PASSWORD = 256;

export type PasswordFault = 'too_short' | 'too_long' | 'contains_login' | 'too_common' | 'used_before';

const faultTexts: Readonly<Record<PasswordFault, string>> = {
  too_short: 'The password is too short',
  too_long: `A password has at most ${LONGEST_PASSWORD} characters`,
  contains_login: 'The password contains the login or the name in the e-mail address',
  too_common: 'The password is a common one, or little more than one',
  used_before: 'This password was used before',
};

export function passwordRefused(fault: PasswordFault, policy: PasswordPolicy) {
  const text = fault === 'too_short' ? `A password has at least ${policy.shortest} characters` : faultTexts[fault];
  return identityError('password_refused', text, { fault });
}

/** Beginnings and middles of what people choose most; a password must be more than some of these and a few extras. */
const COMMON =
  `password passwort passw0rd pass admin administrator root welcome letmein login master secret changeme default
  qwertyuiop qwerty qwertz asdfghjkl asdfgh asdf zxcvbnm zxcvbn qazwsx 1qaz2wsx 1q2w3e4r 1q2w3e qweasdzxc abc123 abcd1234
  abcdefghijkl abcdefgh abcd 1234567890 123456789 12345678 1234567 123456 12345 1234 0987654321 987654321 87654321 654321
  4321 111111 000000 888888 666666 123123 112233 123321 520520 5201314 1314520 147258369 147258 woaini1314 woaini iloveyou
  monkey dragon sunshine princess football baseball superman batman michael shadow trustno1 summer winter spring autumn
  longmen zhongguo beijing shanghai nihao mima yinhang bank company office monday january`.split(/\s+/);

/** What must be left of a password when all common parts are taken away. */
const OWN_CHARACTERS = 6;
const DISTINCT_CHARACTERS = 6;

/**
 * What is wrong with a password, or null. Length counts characters, as NIST SP 800-63B section 3.1.1.2 wants it; no
 * rules of composition, but a look at what is commonly chosen.
 */
export function passwordFault(
  password: string,
  person: { readonly login: string; readonly email: string },
  policy: PasswordPolicy,
): Exclude<PasswordFault, 'used_before'> | null {
  const characters = [...password];
  if (characters.length < policy.shortest) return 'too_short';
  if (characters.length > LONGEST_PASSWORD) return 'too_long';
  const lower = password.normalize('NFKC').toLowerCase();
  const [mailbox = ''] = person.email.toLowerCase().split('@');
  for (const own of [person.login.toLowerCase(), mailbox]) {
    if (own.length >= 3 && lower.includes(own)) return 'contains_login';
  }
  if (new Set(lower).size < DISTINCT_CHARACTERS) return 'too_common';
  for (const text of [lower, plain(lower)]) {
    let rest = text;
    for (const common of COMMON) rest = rest.replaceAll(common, ' ');
    if ([...rest.replace(/[\s\p{P}\p{S}]/gu, '')].length < OWN_CHARACTERS) return 'too_common';
  }
  return null;
}

/** `p@ssw0rd` as `password`. */
function plain(text: string): string {
  return text.replace(/[@40135$7!]/g, (sign) => LOOK_ALIKES[sign] ?? sign);
}

const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '5': 's',
  $: 's',
  '7': 't',
  '!': 'i',
};

/** How many failures are free, and how long the next ones make wait. */
export interface Backoff {
  readonly free: number;
  readonly first_s: number;
  readonly longest_s: number;
}

/** Of one account: a person mistypes; a guesser gets about a hundred tries a day. */
export const accountBackoff: Backoff = { free: 5, first_s: 30, longest_s: 900 };
/** Of one address: a branch sits behind one. */
export const addressBackoff: Backoff = { free: 50, first_s: 30, longest_s: 900 };

/** Seconds to wait after this many failures in a row: doubling from `first_s` up to `longest_s`. */
export function waitAfter(failures: number, { free, first_s, longest_s }: Backoff): number {
  if (failures < free) return 0;
  return Math.min(longest_s, first_s * 2 ** Math.min(failures - free, 20));
}
