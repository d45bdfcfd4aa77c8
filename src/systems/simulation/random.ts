/**
 * Counter-based random numbers: every draw follows from the seed, a stream, an entity and a day, so that any part of the
 * bank can be generated without the rest and in any order. 32-bit integers only: the same on every machine.
 */

/** What a random stream is for; a stream never gives the same numbers as another. */
export const stream = {
  person: 1,
  company: 2,
  household: 3,
  contact: 4,
  personDay: 5,
  companyDay: 6,
  pattern: 7,
  deck: 8,
  name: 9,
  device: 10,
  address: 11,
  loan: 12,
  opening: 13,
  number: 14,
  staff: 15,
} as const;

/** The finaliser of MurmurHash3: a permutation of the 32-bit integers in which every input bit moves every output bit. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit hash of up to four words. */
export function hash(seed: number, kind: number, entity = 0, day = 0): number {
  let h = mix(seed + Math.imul(kind, 0x9e3779b1));
  h = mix(h ^ mix(entity + 0x7f4a7c15));
  return mix(h ^ mix(Math.imul(day + 1, 0x632be5ab)));
}

/** A hash as a number from 0 (included) to 1 (excluded). */
export function share(seed: number, kind: number, entity = 0, day = 0): number {
  return hash(seed, kind, entity, day) / 0x1_0000_0000;
}

/** A keyed permutation of the 32-bit integers: no two entities share an image, and order is lost. */
export function permute(seed: number, kind: number, entity: number): number {
  return mix(mix(entity ^ hash(seed, kind, 0x5bd1, 1)) ^ hash(seed, kind, 0x27d4, 2));
}

/** A generator that is seeded anew for each entity and day: sfc32 (Doty-Humphrey, PractRand). Not for secrets. */
export class Draws {
  #a = 0;
  #b = 0;
  #c = 0;
  #count = 1;
  #spare = Number.NaN;

  seed(seed: number, kind: number, entity = 0, day = 0): this {
    const h = hash(seed, kind, entity, day);
    this.#a = h;
    this.#b = mix(h + 0x9e3779b9);
    this.#c = mix(Math.imul(entity + 1, 0x85ebca77) ^ day ^ seed);
    this.#count = 1;
    this.#spare = Number.NaN;
    // The first outputs of sfc32 depend on too few of the bits it starts from.
    for (let turn = 0; turn < 4; turn += 1) this.word();
    return this;
  }

  /** 32 random bits. */
  word(): number {
    const result = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** From 0 (included) to 1 (excluded). */
  unit(): number {
    return this.word() / 0x1_0000_0000;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** A whole number from `range[0]` to `range[1]`, both included. */
  between(range: readonly [number, number]): number {
    return range[0] + this.below(range[1] - range[0] + 1);
  }

  /** From `range[0]` to `range[1]`, evenly. */
  within(range: readonly [number, number]): number {
    return range[0] + this.unit() * (range[1] - range[0]);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const x = this.unit() * 2 - 1;
      const y = this.unit() * 2 - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * factor;
      return x * factor;
    }
  }

  /** Poisson, by Knuth's product; meant for means below about 20. */
  poisson(mean: number): number {
    if (mean <= 0) return 0;
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.unit(); product > limit && count < 200; product *= this.unit()) count += 1;
    return count;
  }
}
