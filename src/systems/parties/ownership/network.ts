/** Who holds and controls whom on one date: the graph that owners and groups are read from. */
import { fromPercentage, type Rational, add as sum } from './rational.ts';

export interface NetworkParty {
  readonly id: string;
  readonly kind: 'person' | 'organisation';
}

export interface Holding {
  readonly from: string;
  readonly to: string;
  /** Decimal text, above 0 and at most 100. */
  readonly percentage: string;
}

/** `from` controls `to` by other means than shares: agreement, appointment, in fact. */
export interface Control {
  readonly from: string;
  readonly to: string;
}

export interface Network {
  readonly parties: readonly NetworkParty[];
  readonly holdings: readonly Holding[];
  readonly controls: readonly Control[];
}

/** Shares by company held, then by holder; several holdings of one holder are added up. */
export type Shares = Map<string, Map<string, Rational>>;

export function sharesOf(holdings: readonly Holding[]): Shares {
  const shares: Shares = new Map();
  for (const { from, to, percentage } of holdings) {
    const holders = shares.get(to) ?? new Map<string, Rational>();
    const before = holders.get(from);
    const share = fromPercentage(percentage);
    holders.set(from, before === undefined ? share : sum(before, share));
    shares.set(to, holders);
  }
  return shares;
}

/** What is reached from `start`, itself included. */
export function reached(start: string, next: (id: string) => Iterable<string>): Set<string> {
  const seen = new Set([start]);
  // A set is walked in the order of insertion, also what is added on the way.
  for (const id of seen) for (const other of next(id)) seen.add(other);
  return seen;
}
