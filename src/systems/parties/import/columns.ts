/** The columns of a file of parties, and a row as the party it describes. Pure. */

import { LongmenError } from '#kernel/errors';
import { checkedAddress, checkedFacts, checkedParty } from '../checked.ts';
import { checkedIdentifier, type IdentifierRules } from '../identifiers/identifiers.ts';
import { checkedContact, checkedName, type Name, type PartyInput, partyKinds, sexes } from '../model.ts';
import type { FileRow } from './read.ts';

/** Every column, and what it holds. */
export const COLUMNS = {
  external_key: 'the key the source knows the party by; needed, and different in every row',
  kind: 'person (default) or organisation',
  name: 'the legal name; needed',
  latin_name: 'the name in Latin letters',
  former_names: 'former names, | between them',
  other_names: 'other names, | between them',
  birth_date: 'YYYY-MM-DD; default: that of a resident number',
  sex: 'female or male; default: that of a resident number',
  nationality: 'ISO 3166-1 alpha-3',
  founded_on: 'YYYY-MM-DD, of organisations',
  identifier_kind: 'such as resident_id or unified_social_credit_code',
  identifier: 'its number',
  identifier_country: 'ISO 3166-1 alpha-3 of the state that issued it',
  identifier_expires_on: 'YYYY-MM-DD',
  second_identifier_kind: 'the same of another document',
  second_identifier: 'its number',
  second_identifier_country: 'who issued it',
  second_identifier_expires_on: 'YYYY-MM-DD',
  mobile: 'number of a mobile phone',
  telephone: 'number of another phone',
  email: 'e-mail address',
  country: 'ISO 3166-1 alpha-3, of the address; default CHN',
  division_code: 'GB/T 2260, of the address',
  address: 'the address in one line',
  postal_code: 'of the address',
  unit: 'code of the unit it belongs to; default: that of the import',
} as const;

export type ColumnName = keyof typeof COLUMNS;
export const COLUMN_NAMES: ReadonlySet<string> = new Set(Object.keys(COLUMNS));

/** What is wrong with a row: one entry per field. */
export interface RowError {
  readonly line: number;
  /** The column; null: the row as a whole. */
  readonly field: string | null;
  readonly code: string;
  readonly detail: string;
}

export interface RowRules extends IdentifierRules {
  /** The units by their codes. */
  readonly units: ReadonlyMap<string, number>;
  readonly unitId: number;
  /** The id of the party with an external key. */
  readonly idOf: (externalKey: string) => string;
}

export type ReadRow =
  | { readonly ok: true; readonly line: number; readonly externalKey: string; readonly party: PartyInput }
  | {
      readonly ok: false;
      readonly line: number;
      readonly externalKey: string | null;
      readonly errors: readonly RowError[];
    };

const LONGEST_KEY = 128;

/** Judges a row by itself, every field of it, and gives the party it describes. */
export function readRow({ line, values, fault }: FileRow, rules: RowRules): ReadRow {
  const externalKey = values.get('external_key') ?? null;
  if (fault !== null) return { ok: false, line, externalKey, errors: [{ line, ...fault }] };
  const errors: RowError[] = [];
  const refuse = (field: string, code: string, detail: string) => void errors.push({ line, field, code, detail });
  /** Judges one field; the other fields are judged all the same. */
  const judged = <Value>(field: ColumnName, judge: () => Value): Value | undefined => {
    try {
      return judge();
    } catch (error) {
      if (!(error instanceof LongmenError)) throw error;
      refuse(field, error.code, error.message);
      return undefined;
    }
  };
  const value = (field: ColumnName) => values.get(field);
  const oneOf = <Choice extends string>(field: ColumnName, choices: readonly Choice[]): Choice | undefined => {
    const text = value(field);
    const found = choices.find((choice) => choice === text);
    if (text !== undefined && found === undefined) refuse(field, 'field_invalid', `Not one of ${choices.join(', ')}`);
    return found;
  };

  for (const [field, text] of values) {
    // What the reader puts in place of bytes that are no UTF-8, as in a file in GB 18030.
    if (text.includes('\uFFFD')) refuse(field, 'field_not_utf8', 'Holds bytes that are not UTF-8');
  }
  if (externalKey === null) refuse('external_key', 'field_missing', 'Needed in every row');
  else if (externalKey.length > LONGEST_KEY || /\p{Cc}/u.test(externalKey)) {
    refuse('external_key', 'field_invalid', `At most ${LONGEST_KEY} characters, none of control`);
  }
  const kind = oneOf('kind', partyKinds) ?? 'person';
  const sex = oneOf('sex', sexes) ?? null;
  const unit = value('unit');
  const unitId = unit === undefined ? rules.unitId : rules.units.get(unit);
  if (unitId === undefined) refuse('unit', 'field_invalid', 'No unit with this code');
  if (value('name') === undefined) refuse('name', 'field_missing', 'Needed in every row');

  const named = (field: ColumnName, kindOfName: Name['kind'], several: boolean): Name[] =>
    (several ? (value(field)?.split('|') ?? []) : [value(field) ?? ''])
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .flatMap((text) => judged(field, () => checkedName({ kind: kindOfName, value: text })) ?? []);
  const names = [
    ...named('name', 'legal', false),
    ...named('latin_name', 'transliteration', false),
    ...named('former_names', 'former', true),
    ...named('other_names', 'alias', true),
  ];
  const identifiers = (['', 'second_'] as const).flatMap((which) => {
    const number = value(`${which}identifier`);
    const documentKind = value(`${which}identifier_kind`);
    if (number === undefined && documentKind === undefined) return [];
    if (number === undefined || documentKind === undefined) {
      refuse(
        `${which}identifier${number === undefined ? '' : '_kind'}`,
        'field_missing',
        'Kind and number go together',
      );
      return [];
    }
    const identifier = {
      kind: documentKind,
      value: number,
      country: value(`${which}identifier_country`),
      expiresOn: value(`${which}identifier_expires_on`),
    };
    return judged(`${which}identifier`, () => checkedIdentifier(identifier, rules)) === undefined ? [] : [identifier];
  });
  const contacts = (['mobile', 'telephone', 'email'] as const).flatMap((field) => {
    const text = value(field);
    return text === undefined ? [] : (judged(field, () => checkedContact({ kind: field, value: text })) ?? []);
  });
  const addresses = addressOf();
  const facts = {
    birthDate: value('birth_date') ?? null,
    sex,
    nationality: value('nationality') ?? null,
    foundedOn: value('founded_on') ?? null,
  };
  judged(kind === 'person' ? 'birth_date' : 'founded_on', () => checkedFacts(kind, facts, [], rules.today));
  if (errors.length > 0 || externalKey === null || unitId === undefined)
    return { ok: false, line, externalKey, errors };

  const party: PartyInput = {
    id: rules.idOf(externalKey),
    unitId,
    kind,
    names,
    identifiers,
    contacts,
    addresses,
    ...facts,
  };
  // What the fields say together, such as a birth date that the number contradicts.
  judged('identifier', () => checkedParty(party, rules));
  return errors.length > 0 ? { ok: false, line, externalKey, errors } : { ok: true, line, externalKey, party };

  function addressOf(): NonNullable<PartyInput['addresses']> {
    const text = value('address');
    const divisionCode = value('division_code');
    if (text === undefined && divisionCode === undefined) return [];
    const address = {
      kind: kind === 'person' ? ('residence' as const) : ('registered' as const),
      country: value('country'),
      divisionCode,
      // A division without a line still says where somebody lives.
      line: text ?? divisionCode ?? '',
      postalCode: value('postal_code'),
    };
    return judged('address', () => checkedAddress(address)) === undefined ? [] : [address];
  }
}
