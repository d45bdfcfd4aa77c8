/** What of a party is compared, in the form in which it is compared. Pure. */
import { type NormalName, normalName } from './names.ts';

/** What is known of a party, existing or not, as it was entered. */
export interface PartyFacts {
  readonly kind: 'person' | 'organisation';
  readonly names: readonly string[];
  /** YYYY-MM-DD; of an organisation the date of its foundation. */
  readonly birthDate?: string | null | undefined;
  readonly sex?: 'female' | 'male' | null | undefined;
  readonly phones?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
  /** GB/T 2260 codes of its addresses; of longer codes the first six digits count. */
  readonly divisionCodes?: readonly string[] | undefined;
  readonly identifiers?:
    | readonly { readonly kind: string; readonly country?: string | undefined; readonly value: string }[]
    | undefined;
}

/** The compared form; JSON as it is, as the index keeps it. */
export interface Profile {
  readonly kind: 'person' | 'organisation';
  readonly names: readonly NormalName[];
  readonly birthDate: string | null;
  readonly sex: 'female' | 'male' | null;
  readonly phones: readonly string[];
  readonly emails: readonly string[];
  readonly divisions: readonly string[];
  readonly identifiers: readonly IdentifierKey[];
}

export interface IdentifierKey {
  readonly kind: string;
  /** Who issued it and its number, such as `CHN/11010519491231002X`. */
  readonly number: string;
}

/** Brings facts into the compared form. Fields that hold nothing comparable are left out; nothing is refused. */
export function profileOf(facts: PartyFacts): Profile {
  const { kind } = facts;
  const names = facts.names.map((name) => normalName(name, kind)).filter(({ words }) => words.length > 0);
  return {
    kind,
    names: uniqueBy(names, ({ han, words }) => `${han ?? ''} ${words.join(' ')}`),
    birthDate: facts.birthDate ?? null,
    sex: facts.sex ?? null,
    phones: unique((facts.phones ?? []).map(phoneDigits).filter(({ length }) => length >= SHORTEST_PHONE)),
    emails: unique((facts.emails ?? []).map((email) => email.normalize('NFKC').trim().toLowerCase()).filter(Boolean)),
    divisions: unique((facts.divisionCodes ?? []).map((code) => code.trim().slice(0, 6)).filter(isDivision)),
    identifiers: uniqueBy(
      (facts.identifiers ?? []).map(({ kind: documentKind, country = 'CHN', value }) => ({
        kind: documentKind,
        number: `${country}/${value
          .normalize('NFKC')
          .toUpperCase()
          .replace(/[^\p{L}\p{N}]/gu, '')}`,
      })),
      ({ kind: documentKind, number }) => `${documentKind} ${number}`,
    ),
  };
}

const SHORTEST_PHONE = 7;

/** Digits alone; +86 and 0086 before a number of China, and the 0 of its area code, say nothing. */
export function phoneDigits(text: string): string {
  const digits = text.normalize('NFKC').replace(/\D/g, '').replace(/^00/, '');
  const national = /^86(\d{10,11})$/.exec(digits)?.[1] ?? digits;
  return national.replace(/^0/, '');
}

function isDivision(code: string): boolean {
  return /^[1-9]\d{5}$/.test(code);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

function uniqueBy<Item>(items: readonly Item[], key: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
