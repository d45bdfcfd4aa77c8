/** Everything that is said of a party, judged and brought into the form it is kept in. Pure. */
import { createHash } from 'node:crypto';
import { isStorable } from '#kernel/database';
import { isValidDate } from '#kernel/dates';
import { partyError } from './errors.ts';
import { isCountry, isTravelCountry } from './identifiers/countries.ts';
import { countryOfDivision, isDivision } from './identifiers/divisions.ts';
import {
  type CheckedIdentifier,
  checkedIdentifier,
  holderOf,
  type IdentifierRules,
} from './identifiers/identifiers.ts';
import {
  type Address,
  type CheckedAddress,
  type CheckedName,
  type Contact,
  checkedContact,
  checkedName,
  type Identifier,
  type Name,
  type PartyInput,
  type PartyKind,
  type Sex,
} from './model.ts';

/** The facts of a party itself; of persons or of organisations, the others null. */
export interface Facts {
  readonly birthDate: string | null;
  readonly sex: Sex | null;
  readonly nationality: string | null;
  readonly foundedOn: string | null;
}

export interface CheckedLists {
  readonly names: readonly CheckedName[];
  readonly identifiers: readonly CheckedIdentifier[];
  readonly addresses: readonly CheckedAddress[];
  readonly contacts: readonly Contact[];
}

export interface CheckedParty extends Facts, CheckedLists {
  readonly kind: PartyKind;
  readonly unitId: number;
  /** The name to call it by. */
  readonly name: string;
  /** SHA-256 of all of it, hexadecimal. */
  readonly sha256: string;
}

/** What is added to a party. */
export interface Lists {
  readonly names?: readonly Name[] | undefined;
  readonly identifiers?: readonly Identifier[] | undefined;
  readonly addresses?: readonly Address[] | undefined;
  readonly contacts?: readonly Contact[] | undefined;
}

export const LIST_LIMIT = 50;

/**
 * Judges a new party. What a number says (birth date, sex, nationality) is taken over where nothing is said.
 *
 * @throws party_invalid, name_invalid, contact_invalid, address_invalid, identifier_kind_wrong, identifier_contradicts
 * and those of `checkedIdentifier`
 */
export function checkedParty(input: PartyInput, rules: IdentifierRules): CheckedParty {
  const lists = checkedLists(input.kind, input, rules);
  const { birthDate = null, sex = null, nationality = null, foundedOn = null } = input;
  const facts = checkedFacts(input.kind, { birthDate, sex, nationality, foundedOn }, lists.identifiers, rules.today);
  const content = { kind: input.kind, unitId: input.unitId, ...facts, ...lists };
  const sha256 = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return { ...content, name: calledBy(lists.names), sha256 };
}

/** The name to call a party by: its first legal name, else its first. Error: `name_invalid` without any legal name. */
export function calledBy(names: readonly Pick<Name, 'kind' | 'value'>[]): string {
  const legal = names.find(({ kind }) => kind === 'legal');
  if (legal === undefined) throw partyError('name_invalid', 'A party has a legal name');
  return legal.value;
}

/** Judges names, identifiers, addresses and contacts. Errors as of {@link checkedParty}. */
export function checkedLists(kind: PartyKind, lists: Lists, rules: IdentifierRules): CheckedLists {
  const { names = [], identifiers = [], addresses = [], contacts = [] } = lists;
  for (const list of [names, identifiers, addresses, contacts]) {
    if (list.length > LIST_LIMIT) throw partyError('party_invalid', `At most ${LIST_LIMIT} of a kind at once`);
  }
  return {
    names: distinct(names.map(checkedName)),
    identifiers: distinct(
      identifiers.map((identifier) => {
        const checked = checkedIdentifier(identifier, {
          ...rules,
          upgradeOldForm: identifier.upgradeOldForm ?? rules.upgradeOldForm,
        });
        const holder = holderOf(checked.kind);
        if (holder !== 'any' && holder !== kind) {
          throw partyError('identifier_kind_wrong', `A ${checked.kind} belongs to a ${holder}`, { kind: checked.kind });
        }
        return checked;
      }),
    ),
    addresses: distinct(addresses.map(checkedAddress)),
    contacts: distinct(contacts.map(checkedContact)),
  };
}

/** Judges the facts of a party, alone and against its identifiers. */
export function checkedFacts(
  kind: PartyKind,
  facts: Facts,
  identifiers: readonly Pick<CheckedIdentifier, 'kind' | 'birthDate' | 'sex' | 'nationality'>[],
  today: string,
): Facts {
  const invalid = (detail: string) => partyError('party_invalid', detail);
  if (kind === 'organisation') {
    const { birthDate, sex, nationality, foundedOn } = facts;
    if (birthDate !== null || sex !== null || nationality !== null) {
      throw invalid('An organisation has no birth date, sex or nationality');
    }
    if (foundedOn !== null && (!isValidDate(foundedOn) || foundedOn > today)) {
      throw invalid('The date of foundation is a date YYYY-MM-DD, not in the future');
    }
    return facts;
  }
  if (facts.foundedOn !== null) throw invalid('A person has a birth date and is not founded');
  const merged = { ...facts };
  for (const number of identifiers) {
    merged.birthDate ??= number.birthDate ?? null;
    merged.sex ??= number.sex ?? null;
    merged.nationality ??= number.nationality ?? null;
    const contradicted =
      (number.birthDate !== undefined && number.birthDate !== merged.birthDate && 'birth date') ||
      (number.sex !== undefined && number.sex !== merged.sex && 'sex') ||
      (number.kind === 'resident_id' && merged.nationality !== 'CHN' && 'nationality');
    if (contradicted !== false) {
      throw partyError('identifier_contradicts', `The ${number.kind} says another ${contradicted}`, {
        kind: number.kind,
        fact: contradicted,
      });
    }
  }
  const { birthDate, nationality } = merged;
  if (birthDate !== null && (!isValidDate(birthDate) || birthDate > today || birthDate < '1850-01-01')) {
    throw invalid('The birth date is a date YYYY-MM-DD, not in the future');
  }
  if (nationality !== null && !isTravelCountry(nationality)) {
    throw invalid('The nationality is a code such as CHN (ISO 3166-1 alpha-3)');
  }
  return merged;
}

/** An address in the form it is kept in. Error: `address_invalid`. */
export function checkedAddress(address: Address): CheckedAddress {
  const { kind, divisionCode = null, postalCode = null } = address;
  const line = address.line.normalize('NFC').trim().replaceAll(/\s+/g, ' ');
  const invalid = (detail: string) => partyError('address_invalid', detail, { kind });
  if (line.length < 1 || line.length > 300 || /\p{Cc}/u.test(line) || !isStorable(line)) {
    throw invalid('An address line has 1 to 300 characters');
  }
  if (divisionCode !== null && !isDivision(divisionCode)) {
    throw invalid('A division code has six digits and begins with a province that exists (GB/T 2260)');
  }
  const country = address.country ?? (divisionCode === null ? 'CHN' : countryOfDivision(divisionCode));
  if (!isCountry(country)) throw invalid('The country is a code such as CHN (ISO 3166-1 alpha-3)');
  const divided = ['CHN', 'HKG', 'MAC', 'TWN'].includes(country);
  if (divided && divisionCode === null) throw invalid('An address in China has a division code');
  if (divisionCode !== null && (!divided || country !== countryOfDivision(divisionCode))) {
    throw invalid('The division lies in another country than the address');
  }
  if (postalCode !== null && !(country === 'CHN' ? /^[0-9]{6}$/ : /^[A-Z0-9 -]{2,12}$/i).test(postalCode)) {
    throw invalid('Not a postal code');
  }
  return { kind, country, divisionCode, line, postalCode };
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
