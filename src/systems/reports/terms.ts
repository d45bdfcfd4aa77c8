/** Terms that name codes of a chart of accounts: `1001` (this code and all below it) and `1301-1303`. */

/** All codes between two texts, both included, in the order of their characters. */
export interface Interval {
  readonly term: string;
  readonly low: string;
  readonly high: string;
}

/** Behind every character that a code may go on with. */
const LAST = '\uffff';
const form = /^[^\s-]{1,64}(-[^\s-]{1,64})?$/;

/**
 * Reads a term. `1001` is every code that begins so; `1301-1303` every code whose beginning lies between, and both ends
 * have the same length. Null when the text is no term.
 */
export function readTerm(term: string): Interval | null {
  if (!form.test(term)) return null;
  const [low = '', high = low] = term.split('-');
  if (low.length !== high.length || low > high) return null;
  return { term, low, high: high + LAST };
}

export function holds(interval: Interval, code: string): boolean {
  return interval.low <= code && code <= interval.high;
}

/** Whether some code could belong to both. */
export function overlap(one: Interval, other: Interval): boolean {
  return one.low <= other.high && other.low <= one.high;
}
