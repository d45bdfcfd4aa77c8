/** Effective shares: what each ultimate holder has of a company, directly and through whatever lies between. */
import type { Shares } from './network.ts';
import { add, compare, divide, multiply, one, type Rational, subtract, zero } from './rational.ts';

/**
 * The effective share in `target` of every holder that no one holds. It is the sum over all ways from the holder to
 * the target of the product of the shares along the way; ways go round circles any number of times. That series is
 * x(c) = Σ over holders h of share(h, c) · x(h), a linear system, solved here exactly by eliminating one company
 * after the other (as states of a Markov chain are: Kemeny and Snell, Finite Markov Chains, chapter 3). Shares of
 * one company add up to at most 100 %, so effective shares do, too.
 *
 * A ring of companies that hold each other entirely belongs to nobody: it gives nothing to anybody.
 */
export function effectiveShares(shares: Shares, target: string): Map<string, Rational> {
  // Who holds a company, in terms of companies not yet eliminated and of ultimate holders.
  const holders = new Map<string, Map<string, Rational>>();
  const held = new Map<string, Set<string>>();
  const collect = (company: string) => {
    const direct = shares.get(company);
    if (direct === undefined || holders.has(company)) return;
    holders.set(company, new Map(direct));
    for (const holder of direct.keys()) held.set(holder, (held.get(holder) ?? new Set<string>()).add(company));
  };
  collect(target);
  for (const company of holders.keys()) for (const holder of shares.get(company)?.keys() ?? []) collect(holder);

  const waiting = new Set(holders.keys());
  waiting.delete(target);
  while (waiting.size > 0) {
    // The one with the fewest ways through it, so that few new ones are made.
    let next = '';
    let fewest = Number.POSITIVE_INFINITY;
    for (const company of waiting) {
      const ways = (holders.get(company)?.size ?? 0) * (held.get(company)?.size ?? 0);
      if (ways < fewest) [next, fewest] = [company, ways];
    }
    waiting.delete(next);
    const expression = withoutItself(holders.get(next) ?? new Map(), next);
    holders.delete(next);
    for (const holder of expression.keys()) held.get(holder)?.delete(next);
    for (const company of held.get(next) ?? []) {
      const row = holders.get(company);
      const share = row?.get(next);
      if (row === undefined || share === undefined) continue;
      row.delete(next);
      for (const [holder, part] of expression) {
        row.set(holder, add(row.get(holder) ?? zero, multiply(share, part)));
        held.set(holder, (held.get(holder) ?? new Set<string>()).add(company));
      }
    }
    held.delete(next);
  }
  return withoutItself(holders.get(target) ?? new Map(), target);
}

/** x = a·x + b solved for x; a company that is held by itself alone gives nothing. */
function withoutItself(row: ReadonlyMap<string, Rational>, company: string): Map<string, Rational> {
  const own = row.get(company);
  const others = [...row].filter(([holder]) => holder !== company);
  if (own === undefined) return new Map(others);
  const rest = subtract(one, own);
  if (compare(rest, zero) <= 0) return new Map();
  return new Map(others.map(([holder, share]) => [holder, divide(share, rest)]));
}
