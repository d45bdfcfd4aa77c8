/** What `for`, `some` and `every` iterate over: lists, ranges of whole numbers and of dates, in either direction. */
import { asInteger, isNumber } from './numbers.ts';
import type { Run } from './run.ts';
import { dateOfEpochDay, FeelDate } from './temporal.ts';
import { FeelRange, isList, kindOf, type List, type Value } from './values.ts';

/** The values of `from..to`; null when the two are not both whole numbers or both dates. */
export function valuesBetween(from: Value, to: Value, run: Run): List | null {
  if (isNumber(from) && isNumber(to)) {
    const first = asInteger(from);
    const last = asInteger(to);
    return first === null || last === null ? null : stepping(first, last, (value) => value, run);
  }
  if (from instanceof FeelDate && to instanceof FeelDate) {
    return stepping(from.epochDay(), to.epochDay(), dateOfEpochDay, run);
  }
  return null;
}

function stepping(first: number, last: number, valueAt: (at: number) => Value, run: Run): List {
  const length = Math.abs(last - first) + 1;
  run.produce(length);
  const step = last < first ? -1 : 1;
  return Array.from({ length }, (_, index) => valueAt(first + index * step));
}

/** The values an iterator takes; null (with a message) when there is nothing to iterate over. */
export function iterationValues(source: Value, run: Run): List | null {
  if (isList(source)) return source;
  if (source instanceof FeelRange) {
    const between = source.operator === 'interval' ? valuesBetween(source.start, source.end, run) : null;
    if (between === null)
      return run.report('iteration_invalid', 'A range to iterate over needs whole numbers or dates');
    const from = source.startIncluded ? 0 : 1;
    return between.slice(from, source.endIncluded ? undefined : -1);
  }
  if (source === null) return run.report('iteration_invalid', `Cannot iterate over ${kindOf(source)}`);
  return [source];
}
