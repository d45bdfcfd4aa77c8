/** Reads the values a caller gives for the parameters of a template. No I/O. */
import { isStorable } from '#kernel/database';
import { isValidDate } from '#kernel/dates';
import { canonicalUuid } from '#kernel/ids';
import { formatAmount, isCurrency, type Money, parseAmountMinor } from '#kernel/money';
import { type Definition, type Parameter, ratePattern } from './definition.ts';
import { templateError } from './errors.ts';

export type Value =
  | { readonly type: 'amount'; readonly money: Money }
  | { readonly type: 'account'; readonly id: string }
  | { readonly type: 'rate' | 'text' | 'date'; readonly text: string };

/**
 * Values by parameter: an amount as "12.30" or `{"amount":"12.30","currency":"CNY"}`, the others as text. A value not
 * given is the default of its parameter.
 *
 * @throws template_parameter_unknown, template_parameter_missing, template_parameter_invalid
 */
export function readParameters(
  definition: Definition,
  given: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, Value> {
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(definition.parameters, key)) {
      const known = Object.keys(definition.parameters).join(', ') || 'none';
      throw templateError('template_parameter_unknown', `No parameter '${key}'; there are: ${known}`, {
        parameter: key,
      });
    }
  }
  const values = new Map<string, Value>();
  for (const [key, parameter] of Object.entries(definition.parameters)) {
    const value = Object.hasOwn(given, key) ? given[key] : parameter.default;
    if (value === undefined) {
      throw templateError('template_parameter_missing', `The parameter '${key}' (${parameter.type}) is missing`, {
        parameter: key,
      });
    }
    const read = readValue(parameter, value);
    if (typeof read === 'string') {
      throw templateError('template_parameter_invalid', `The parameter '${key}' ${read}`, { parameter: key });
    }
    values.set(key, read);
  }
  return values;
}

/** The value, or what is wrong with it. */
export function readValue(parameter: Parameter, value: unknown): Value | string {
  if (parameter.type === 'amount') return readMoney(parameter.currency, value);
  if (typeof value !== 'string') return 'must be text';
  switch (parameter.type) {
    case 'account': {
      const id = canonicalUuid(value);
      return id === undefined ? 'must be the UUID of an account' : { type: 'account', id };
    }
    case 'rate':
      return ratePattern.test(value) ? { type: 'rate', text: value } : 'must be a decimal such as "6", not negative';
    case 'date':
      return isValidDate(value) ? { type: 'date', text: value } : 'must be a date of the form YYYY-MM-DD';
    case 'text': {
      const fits = value.length <= 500 && isStorable(value);
      return fits ? { type: 'text', text: value } : 'must be text of at most 500 characters';
    }
  }
}

function readMoney(fixed: string | undefined, value: unknown): Value | string {
  const own = typeof value === 'object' && value !== null && !Array.isArray(value);
  const { amount, currency } = (own ? value : { amount: value, currency: fixed }) as Record<string, unknown>;
  if (own && Object.keys(value).some((key) => key !== 'amount' && key !== 'currency')) {
    return 'must have an amount and a currency and nothing else';
  }
  if (typeof amount !== 'string') return 'must be an amount such as "12.30"';
  if (typeof currency !== 'string') return 'needs a currency: {"amount":"12.30","currency":"CNY"}';
  if (!isCurrency(currency)) return `has an unknown currency '${currency.slice(0, 20)}'`;
  if (fixed !== undefined && currency !== fixed) return `must be in ${fixed}, not ${currency}`;
  const parsed = parseAmountMinor(amount, currency);
  if (!parsed.ok) return `is no amount of ${currency}: ${parsed.code}`;
  if (parsed.amountMinor < 0n) return 'must not be negative';
  return { type: 'amount', money: { amountMinor: parsed.amountMinor, currency } };
}

/** How a value stands in a text: an amount with its currency, the others as they are. */
export function shownMoney({ amountMinor, currency }: Money): string {
  return `${formatAmount(amountMinor, currency)} ${currency}`;
}
