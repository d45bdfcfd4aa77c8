/** The data files of the room, read once: names, trades, jobs, texts, hours, amounts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { invariant } from '#kernel/errors';
import { type KindName, kind, kinds } from '../vocabulary.ts';
import amounts from './amounts.json' with { type: 'json' };
import hours from './hours.json' with { type: 'json' };

export { amounts as amountTables, hours as hourTables };

function rows(file: string): Record<string, string>[] {
  return parse(readFileSync(join(import.meta.dirname, file), 'utf8'), { columns: true });
}

const number = (text: string | undefined) => {
  const value = Number(text);
  invariant(Number.isFinite(value), 'data_file_holds_a_number');
  return value;
};
const words = (text: string | undefined) => text ?? '';

/** Picks an index by weight from a number between 0 and 1. */
export class Wheel {
  readonly #ends: Float64Array;

  constructor(weights: readonly number[]) {
    let total = 0;
    this.#ends = Float64Array.from(weights, (weight) => {
      total += weight;
      return total;
    });
    this.#ends.forEach((end, index) => {
      this.#ends[index] = end / total;
    });
  }

  at(unit: number): number {
    let [low, high] = [0, this.#ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 1) > unit) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const surnameRows = rows('surnames.csv');
export const surnames = surnameRows.map(({ surname }) => words(surname));
export const surnameWheel = new Wheel(surnameRows.map(({ per_mille }) => number(per_mille)));

/** Characters of given names by sex and year of birth, latest first. */
export const givenNames = rows('given-names.csv')
  .map(({ born_from, sex, characters }) => ({
    bornFrom: number(born_from),
    sex: words(sex),
    characters: [...words(characters)],
  }))
  .sort((left, right) => right.bornFrom - left.bornFrom);

export const jobs = rows('jobs.csv').map((row) => ({
  code: words(row.code),
  nameZh: words(row.name_zh),
  share: number(row.share),
  incomeYuan: number(row.monthly_income_yuan),
  spread: number(row.spread),
  employer: words(row.employer),
  youngest: number(row.youngest),
  oldest: number(row.oldest),
}));

export const trades = rows('trades.csv').map((row) => ({
  code: words(row.code),
  nameZh: words(row.name_zh),
  suffixZh: words(row.suffix_zh),
  share: number(row.share),
  opens: number(row.opens),
  closes: number(row.closes),
  medianYuan: number(row.payment_median_yuan),
  spread: number(row.spread),
  popularity: number(row.popularity),
  online: row.online === '1',
}));

/** Dates of the first day of Spring Festival. */
export const springFestivals: readonly string[] = rows('festivals.csv').map(({ date }) => words(date));

interface Text {
  readonly text: string;
  readonly weight: number;
}
const textRows = rows('texts.csv');
const textsOf = (name: KindName): Text[] =>
  textRows.filter((row) => row.kind === name).map((row) => ({ text: words(row.text), weight: number(row.weight) }));

/** All texts in one list, and for each kind where its own begin and a wheel to pick one. */
export const texts: string[] = [];
const textChoices = kinds.map((name) => {
  const own = textsOf(name);
  invariant(own.length > 0, 'every_kind_has_texts');
  const from = texts.length;
  texts.push(...own.map(({ text }) => text));
  return { from, wheel: new Wheel(own.map(({ weight }) => weight)) };
});

/** The number of a text for a kind, picked by `unit` from 0 to 1. */
export function textOf(kindNumber: number, unit: number): number {
  const choice = textChoices[kindNumber] ?? textChoices[kind.transfer];
  return choice === undefined ? 0 : choice.from + choice.wheel.at(unit);
}
