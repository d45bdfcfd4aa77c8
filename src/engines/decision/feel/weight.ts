/**
 * How large a value is when it is written out. Lists and contexts share their parts, so that a short expression can make
 * one that is cheap to hold and endless to print or compare: `for x in 1..60 return partial` doubles with every turn.
 */
import { decisionError } from '../errors.ts';
import { isContext, isList, type Value } from './values.ts';

const known = new WeakMap<object, number>();

/** Elements and entries of the value and of all in it, each as often as it occurs; 1 for a plain value. */
export function weightOf(value: Value): number {
  if (!isList(value) && !isContext(value)) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  let weight = 1;
  for (const item of value.values()) weight += weightOf(item);
  known.set(value, weight);
  return weight;
}

/** Throws `decision_size_exceeded` when the value written out has more elements than `limit`. */
export function assertWeight(value: Value, limit: number): void {
  if ((isList(value) || isContext(value)) && weightOf(value) > limit) {
    throw decisionError('decision_size_exceeded', `A value of more than ${limit} elements when written out`, { limit });
  }
}
