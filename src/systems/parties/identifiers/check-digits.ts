/** Check characters of identifiers, each as its standard says. */

/**
 * ISO 7064 MOD 11-2 over the digits before it, as GB 11643-1999 has it: weights 2^(n) modulo 11 from the right, the
 * check character X stands for 10.
 */
export function mod11_2(digits: string): string {
  let product = 0;
  for (const digit of digits) product = ((product + Number(digit)) * 2) % 11;
  const check = (12 - product) % 11;
  return check === 10 ? 'X' : String(check);
}

/** ISO 7064 MOD 11,10 over the digits before it: the registration numbers of business licences (GS 15-2006). */
export function mod11_10(digits: string): string {
  let product = 10;
  for (const digit of digits) {
    const sum = (product + Number(digit)) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return String((11 - product) % 10);
}

/** The 31 characters of GB 32100-2015: digits and capitals without I, O, Z, S, V, which are easily misread. */
export const socialCreditCharacters = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/** GB 32100-2015, section 5: weights 3^(i-1) modulo 31 from the left, over the first 17 characters. */
export function mod31(characters: string): string {
  let sum = 0;
  let weight = 1;
  for (const character of characters) {
    sum += socialCreditCharacters.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return socialCreditCharacters.charAt((31 - (sum % 31)) % 31);
}

/** ISO/IEC 7812-1 annex B (Luhn) over a whole card number, its check digit included. */
export function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits.charAt(digits.length - 1 - place));
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits !== '' && sum % 10 === 0;
}
