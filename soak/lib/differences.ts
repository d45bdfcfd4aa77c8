/** Collects what differs between two accounts of the same thing. */
import { isDeepStrictEqual } from 'node:util';

export interface Differences {
  readonly count: number;
  /** The first ones, in full. */
  readonly first: readonly object[];
  /** How many comparisons were made. */
  readonly compared: number;
  equal(got: unknown, want: unknown, what: string, where?: unknown): void;
  add(what: string, about: object): void;
}

const kept = 3;

export function differences(log: (text: string) => void): Differences {
  const first: object[] = [];
  let count = 0;
  let compared = 0;
  const add = (what: string, about: object) => {
    count++;
    if (first.length >= kept) return;
    first.push({ what, ...about });
    log(`difference: ${what}`);
  };
  return {
    get count() {
      return count;
    },
    get compared() {
      return compared;
    },
    first,
    add,
    equal(got, want, what, where) {
      compared++;
      if (!isDeepStrictEqual(got, want)) add(what, { got, want, where });
    },
  };
}
