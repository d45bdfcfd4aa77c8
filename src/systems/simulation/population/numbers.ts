/** Numbers of people and companies with right check digits, in division codes that no place has. */
import { hash } from '../random.ts';

/**
 * A province there is, with a city there is not: GB/T 2260 numbers the cities of a province up to 90, so that simulated
 * people can never be real ones, and yet pass every check of the number.
 */
export function divisionCode(district: number): string {
  return `36${99 - Math.floor(district / 99)}${String(1 + (district % 99)).padStart(2, '0')}`;
}

const IDENTITY_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** The check character of an 18-digit identity number: ISO 7064 MOD 11-2, GB 11643-1999. */
export function identityCheck(first17: string): string {
  let sum = 0;
  for (const [index, weight] of IDENTITY_WEIGHTS.entries()) sum += weight * Number(first17[index]);
  return '10X98765432'[sum % 11] ?? '0';
}

const CREDIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** The check character of a unified social credit code: GB 32100-2015, weights 3^n modulo 31. */
export function creditCodeCheck(first17: string): string {
  let sum = 0;
  let weight = 1;
  for (const character of first17) {
    sum += CREDIT_ALPHABET.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return CREDIT_ALPHABET[(31 - (sum % 31)) % 31] ?? '0';
}

const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];

/** The check character of an organisation code of eight characters: GB 11714-1997. */
export function organisationCheck(first8: string): string {
  let sum = 0;
  for (const [index, weight] of ORGANISATION_WEIGHTS.entries())
    sum += weight * Number.parseInt(first8[index] ?? '0', 36);
  const check = 11 - (sum % 11);
  return check === 10 ? 'X' : check === 11 ? '0' : String(check);
}

/** `sequence` from 0 to 498 tells people of one birthday and district apart. */
export function identityNumber(district: number, birth: string, sequence: number, male: boolean): string {
  // The last digit is odd for men.
  const digits = ((sequence % 499) + 1) * 2 - (male ? 1 : 0);
  const first17 = `${divisionCode(district)}${birth.replaceAll('-', '')}${String(digits).padStart(3, '0')}`;
  return first17 + identityCheck(first17);
}

/** 91: a company, registered with the market regulator; the eight characters hold the company's number. */
export function creditCode(district: number, company: number): string {
  const organisation = `MA${(company * 7 + 1_000_003).toString(10).slice(-6).padStart(6, '0')}`;
  const first17 = `91${divisionCode(district)}${organisation}${organisationCheck(organisation)}`;
  return first17 + creditCodeCheck(first17);
}

/** A mobile number of eleven digits; the part behind the prefix is the customer's own. */
export function phoneNumber(seed: number, customer: number): string {
  const prefixes = ['135', '136', '138', '139', '150', '151', '158', '159', '177', '180', '186', '188', '189', '199'];
  const prefix = prefixes[hash(seed, 14, customer) % prefixes.length] ?? '138';
  return prefix + String((customer * 48_271 + 12_345) % 100_000_000).padStart(8, '0');
}
