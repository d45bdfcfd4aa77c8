/** The amounts of a template for given parameters. Pure; no amount here is ever rounded without its rule. */
import { invariant } from '#kernel/errors';
import { allocate, divideRounded, type Money, parseAmountMinor, parseCurrency } from '#kernel/money';
import {
  type Amount,
  type Definition,
  type Named,
  namesOf,
  type Operand,
  type Rate,
  type Split,
} from './definition.ts';
import { templateError } from './errors.ts';
import type { Value } from './values.ts';

/** Evaluates what the checks have found sound: every name is there, has the right type, and nothing goes round. */
export interface Amounts {
  /** Error: `template_currency_mismatch`, and those of splits. */
  amount(amount: Amount): Money;
  named(name: string): Money;
  /** The parts of a split in their order; they sum to its whole, and none is negative. */
  parts(split: Split): readonly Money[];
}

export function amountsOf(definition: Definition, values: ReadonlyMap<string, Value>): Amounts {
  const names = new Map<string, Named>();
  for (const [name, named] of namesOf(definition)) names.set(name, named);
  const known = new Map<string, Money>();
  const splits = new Map<Split, readonly Money[]>();

  function named(name: string): Money {
    const before = known.get(name);
    if (before !== undefined) return before;
    const money = evaluateName(name);
    known.set(name, money);
    return money;
  }

  function evaluateName(name: string): Money {
    const what = names.get(name);
    invariant(what !== undefined, 'names_of_a_template_are_checked');
    if (what.kind === 'amount') return amount(what.amount);
    if (what.kind === 'part') {
      const money = parts(what.split)[what.index];
      invariant(money !== undefined, 'a_split_has_its_parts');
      return money;
    }
    const value = values.get(name);
    invariant(value?.type === 'amount', 'types_of_a_template_are_checked');
    return value.money;
  }

  function operand(from: Operand): Money {
    if (typeof from === 'string') return named(from);
    const parsed = parseAmountMinor(from.fixed, from.currency);
    invariant(parsed.ok, 'fixed_amounts_are_checked');
    return { amountMinor: parsed.amountMinor, currency: parseCurrency(from.currency) };
  }

  function amount(from: Amount): Money {
    if (typeof from === 'string' || 'fixed' in from) return operand(from);
    if ('percent' in from) {
      const { amountMinor, currency } = operand(from.of);
      const { units, scale } = fraction(rateText(from.percent), DECIMALS);
      return { amountMinor: divideRounded(amountMinor * units, 100n * scale, from.rounding), currency };
    }
    if ('sum' in from) return fold(from.sum.map(operand), (left, right) => left + right);
    if ('minus' in from) return fold(from.minus.map(operand), (left, right) => left - right);
    if ('min' in from) return fold(from.min.map(operand), (left, right) => (left < right ? left : right));
    return fold(from.max.map(operand), (left, right) => (left > right ? left : right));
  }

  function parts(split: Split): readonly Money[] {
    const before = splits.get(split);
    if (before !== undefined) return before;
    const whole = amount(split.whole);
    if (whole.amountMinor < 0n) throw negative('the whole of a split', whole);
    const minor = divide(split, whole);
    invariant(minor.reduce((sum, part) => sum + part, 0n) === whole.amountMinor, 'parts_sum_to_the_whole');
    const moneys = minor.map((amountMinor) => ({ amountMinor, currency: whole.currency }));
    splits.set(split, moneys);
    return moneys;
  }

  /**
   * Percentages and the remainder, whose weight is what the percentages leave of 100, divide the whole by the rule of
   * the residual; parts with amounts of their own are then taken out of the remainder.
   */
  function divide(split: Split, whole: Money): bigint[] {
    const shares = split.parts.map(({ share }) => share);
    const weights = shares.map((share) => {
      if (share === 'remainder' || 'amount' in share) return 0n;
      return fraction(rateText('weight' in share ? share.weight : share.percent), DECIMALS).units;
    });
    if (shares.some((share) => share !== 'remainder' && 'weight' in share)) {
      return allocate(whole.amountMinor, weights, split.residual);
    }
    const left = weights.reduce((rest, weight) => rest - weight, 100n * 10n ** BigInt(DECIMALS));
    if (left < 0n) throw templateError('template_parts_exceed_whole', 'The percentages of a split are above 100');
    const remainderAt = shares.indexOf('remainder');
    if (remainderAt === -1) {
      if (left > 0n) throw templateError('template_parts_below_whole', 'The percentages of a split are below 100');
      return allocate(whole.amountMinor, weights, split.residual);
    }
    weights[remainderAt] = left;
    const minor = allocate(whole.amountMinor, weights, split.residual);
    let remainder = minor[remainderAt] ?? 0n;
    for (const [index, share] of shares.entries()) {
      if (share === 'remainder' || !('amount' in share)) continue;
      const own = amount(share.amount);
      if (own.amountMinor < 0n) throw negative('a part of a split', own);
      if (own.currency !== whole.currency) throw mismatch(own, whole);
      minor[index] = own.amountMinor;
      remainder -= own.amountMinor;
    }
    if (remainder < 0n) {
      throw templateError('template_parts_exceed_whole', 'The parts of a split leave less than nothing as remainder');
    }
    minor[remainderAt] = remainder;
    return minor;
  }

  function rateText(rate: Rate): string {
    if (typeof rate === 'string') return rate;
    const value = values.get(rate.parameter);
    invariant(value?.type === 'rate', 'types_of_a_template_are_checked');
    return value.text;
  }

  return { amount, named, parts };
}

/** Decimals a rate has at most; see `ratePattern`. */
const DECIMALS = 18;

/** A decimal text without sign as a whole number of 10^-decimals; exact. */
export function fraction(text: string, decimals: number): { units: bigint; scale: bigint } {
  const [whole = '0', behind = ''] = text.split('.');
  return { units: BigInt(whole + behind.padEnd(decimals, '0')), scale: 10n ** BigInt(decimals) };
}

function fold(moneys: readonly Money[], by: (left: bigint, right: bigint) => bigint): Money {
  return moneys.reduce((left, right) => {
    if (left.currency !== right.currency) throw mismatch(left, right);
    return { amountMinor: by(left.amountMinor, right.amountMinor), currency: left.currency };
  });
}

function mismatch(left: Money, right: Money) {
  return templateError('template_currency_mismatch', `${left.currency} meets ${right.currency}`);
}

export function negative(what: string, { amountMinor, currency }: Money) {
  return templateError(
    'template_amount_negative',
    `The amount of ${what} comes out as ${amountMinor} minor units of ${currency}`,
  );
}
