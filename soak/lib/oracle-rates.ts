/** The oracle's rates: fractions of whole numbers, how they are rounded and shown, and which one counts. */
import type { Desk, Rate } from '#systems/exchange';
import { decimalText } from './operations.ts';
import { exponents } from './oracle-words.ts';

/** What is refused, and its code. */
export class Refused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export const refuse = (code: string): never => {
  throw new Refused(code);
};

export interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

interface FoundRate extends Record<'mid' | 'bid' | 'ask', Fraction> {
  readonly date: string;
}

const one: Fraction = { over: 1n, under: 1n };
export const turned = ({ over, under }: Fraction): Fraction => ({ over: under, under: over });
export const product = (a: Fraction, b: Fraction): Fraction => ({ over: a.over * b.over, under: a.under * b.under });
export const size = (minor: bigint): bigint => (minor < 0n ? -minor : minor);
const tenTo = (exponent: number): bigint => 10n ** BigInt(exponent);
export const unit = (currency: string): bigint => tenTo(exponents[currency] ?? 0);

export function fraction(text: string): Fraction {
  const [whole = '', decimals = ''] = text.split('.');
  return { over: BigInt(whole + decimals), under: tenTo(decimals.length) };
}

/** To a whole number; what is below zero is rounded as if it were above. */
export function rounded({ over, under }: Fraction, rule: Desk['rounding']): bigint {
  const [whole, twice] = [size(over) / under, 2n * (size(over) % under)];
  const half = twice === under && whole % 2n === 1n;
  const up = { down: false, up: twice > 0n, half_up: twice >= under, half_even: twice > under || half }[rule];
  const result = up ? whole + 1n : whole;
  return over < 0n ? -result : result;
}

/** A fraction as decimal text of 12 significant digits. */
export function shown({ over, under }: Fraction): string {
  if (over === 0n) return '0';
  const withPlaces = (places: number) => ({
    over: over * tenTo(Math.max(places, 0)),
    under: under * tenTo(Math.max(-places, 0)),
  });
  let places = 12 + `${under}`.length - `${over}`.length;
  const { over: most, under: by } = withPlaces(places);
  if (most >= by * tenTo(12)) places--;
  const digits = rounded(withPlaces(places), 'half_even');
  if (places <= 0) return `${digits * tenTo(-places)}`;
  return decimalText(digits, places).replace(/\.?0+$/, '');
}

/** Minor units of a currency as minor units of another one, at units of `to` for one unit of `from`. */
export function converted(minor: bigint, from: string, to: string, rate: Fraction, rule: Desk['rounding']): bigint {
  return rounded({ over: minor * rate.over * unit(to), under: rate.under * unit(from) }, rule);
}

const isRate = (text: string) => /^\d{1,18}(\.\d{1,18})?$/.test(text) && fraction(text).over > 0n;

/** Above zero, zero or below as `a` is larger than, the same as or smaller than `b`. */
const difference = (a: string, b: string) =>
  fraction(a).over * fraction(b).under - fraction(b).over * fraction(a).under;
const same = (a: string | null, b: string | null) => a === b || (a !== null && b !== null && difference(a, b) === 0n);

const dayMs = 86_400_000;

function joined(there: FoundRate | undefined, on: FoundRate | undefined): FoundRate | undefined {
  if (there === undefined || on === undefined) return undefined;
  const [mid, bid, ask] = [product(there.mid, on.mid), product(there.bid, on.bid), product(there.ask, on.ask)];
  return { mid, bid, ask, date: there.date < on.date ? there.date : on.date };
}

/** By when rates count, and whose. */
interface Question {
  readonly source: string;
  readonly functional: string;
  readonly maximumAgeDays: number;
  readonly date: string;
  readonly atMs: number;
}

export class OracleRates {
  readonly all: Rate[] = [];

  /** All of them or none; how many are new. */
  add(rates: readonly Rate[]): number {
    for (const { base, quote, mid, bid, ask } of rates) {
      const texts = [mid, bid, ask].filter((text) => text !== null);
      if (base === quote || !texts.every(isRate)) refuse('rate_invalid');
      if (bid !== null && ask !== null && difference(bid, ask) > 0n) refuse('rate_invalid');
    }
    const added: Rate[] = [];
    for (const rate of rates) {
      const key = ({ source, base, quote, date, quotedAt }: Rate) => [source, base, quote, date, quotedAt].join();
      const there = [...this.all, ...added].find((it) => key(it) === key(rate));
      if (there === undefined) added.push(rate);
      else if (!(['mid', 'bid', 'ask'] as const).every((of) => same(there[of], rate[of]))) refuse('rate_differs');
    }
    this.all.push(...added);
    return added.length;
  }

  /** The latest of a pair by a date and an instant, whichever way round it is quoted: units of `to` for one of `from`. */
  private quoted(from: string, to: string, { source: wanted, date, atMs }: Question): FoundRate | undefined {
    const latest = (rate: Rate) => `${rate.date} ${rate.quotedAt ?? ''} ${rate.base === from}`;
    const known = this.all.filter(
      ({ source, base, quote, date: of, quotedAt }) =>
        source === wanted &&
        ((base === from && quote === to) || (base === to && quote === from)) &&
        of <= date &&
        Date.parse(quotedAt ?? '1970-01-01') <= atMs,
    );
    const [rate] = known.sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
    if (rate === undefined) return undefined;
    const [mid, bid, ask] = [rate.mid, rate.bid ?? rate.mid, rate.ask ?? rate.mid].map(fraction);
    if (mid === undefined || bid === undefined || ask === undefined) return undefined;
    if (rate.base === from) return { mid, bid, ask, date: rate.date };
    return { mid: turned(mid), bid: turned(ask), ask: turned(bid), date: rate.date };
  }

  /** Of the pair; else across the dollar; else across the functional currency. */
  find(from: string, to: string, question: Question): FoundRate {
    const { date } = question;
    if (from === to) return { mid: one, bid: one, ask: one, date };
    type Way = (from: string, to: string) => FoundRate | undefined;
    const pair: Way = (a, b) => this.quoted(a, b, question);
    const across = (via: string, way: Way): Way => {
      return (a, b) => (a === via || b === via ? undefined : joined(way(a, via), way(via, b)));
    };
    const near: Way = (a, b) => pair(a, b) ?? across('USD', pair)(a, b);
    const far = across(question.functional, near);
    const found = near(from, to) ?? far(from, to) ?? refuse('rate_not_found');
    const days = (Date.parse(date) - Date.parse(found.date)) / dayMs;
    return days > question.maximumAgeDays ? refuse('rate_too_old') : found;
  }
}
