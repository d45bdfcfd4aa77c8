/** Which two accounts a transfer moves money between. */

export const distributions = ['uniform', 'zipf', 'hot'] as const;
export type Distribution = (typeof distributions)[number];

/** Indexes of the two accounts of one transfer; they differ. */
export type Pair = readonly [debit: number, credit: number];

/** Random numbers in [0, 1). */
export type Random = () => number;

/** Mulberry32 by Tommy Ettinger: the same seed makes the same load. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Chooses pairs among `accounts` accounts (at least 2).
 * - `uniform`: both sides are any account, each as likely as the other.
 * - `zipf`: both sides by Zipf's law with exponent 1.0, the account of rank r being 1/r as likely as that of rank 1.
 * - `hot`: account 0 is one side of every transfer, debit as often as credit; the other side is any other account.
 */
export function chooser(distribution: Distribution, accounts: number, random: Random): () => Pair {
  const any = () => Math.floor(random() * accounts);
  if (distribution === 'hot') {
    return () => {
      const other = 1 + Math.floor(random() * (accounts - 1));
      return random() < 0.5 ? [0, other] : [other, 0];
    };
  }
  const choose = distribution === 'uniform' ? any : zipf(accounts, random);
  return () => {
    const debit = choose();
    let credit = choose();
    while (credit === debit) credit = choose();
    return [debit, credit];
  };
}

/** Ranks are scattered over the accounts: neighbours in rank shall not be neighbours in the tables. */
function zipf(accounts: number, random: Random): () => number {
  const cumulated = new Float64Array(accounts);
  let sum = 0;
  for (let rank = 1; rank <= accounts; rank++) {
    sum += 1 / rank;
    cumulated[rank - 1] = sum;
  }
  const step = scatterStep(accounts);
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = accounts - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulated[middle] ?? sum) > wanted) high = middle;
      else low = middle + 1;
    }
    return (low * step) % accounts;
  };
}

/** A step without a common divisor with `accounts` visits every account once; about 0.618 of them goes far each time. */
function scatterStep(accounts: number): number {
  let step = Math.max(1, Math.round(accounts * 0.618));
  while (divisor(step, accounts) > 1) step++;
  return step;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
