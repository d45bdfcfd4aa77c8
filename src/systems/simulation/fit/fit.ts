/** How well a simulation fits real data: the network of who pays whom, and the shape of amounts. */
import type { SimulatedDay, Sink } from '../bank.ts';
import { kind, NONE } from '../vocabulary.ts';
import { degreeReference, sizeReference } from './references.ts';
import { ksDistance, overMedian, quantile } from './statistics.ts';

/** One comparison: quantiles of both sides in the same unit (accounts, or multiples of the median). */
export interface FitLine {
  readonly quantity: string;
  readonly reference: string;
  readonly real: number;
  readonly simulated: number;
  /** 0: the same; 1: nothing in common. */
  readonly ks_distance: number;
  /** Quantiles at 0 %, 1 % … 100 %, for a picture. */
  readonly curve: { readonly real: readonly number[]; readonly simulated: readonly number[] };
  readonly quantiles: readonly { readonly probability: number; readonly real: number; readonly simulated: number }[];
}

const PROBABILITIES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
/** Kinds of the bank beside what Berka calls them; a company pays otherwise than a person, so people only. */
const KINDS = ['cash_withdrawal', 'cash_deposit', 'utilities', 'outgoing_transfer', 'incoming_transfer'] as const;

export function fitSink(shared: string): { sink: Sink; lines: () => FitLine[] } {
  const pairs = new Set<number>();
  const sizes = new Map<string, number[]>(KINDS.map((name) => [name, []]));
  const names = new Map<number, string>(KINDS.map((name) => [kind[name], name]));
  let persons = 0;
  let dormant = new Uint8Array(0);
  const sink: Sink = {
    open({ population }) {
      persons = population.persons;
      dormant = Uint8Array.from(population.dormant);
    },
    day({ book }: SimulatedDay) {
      for (let place = 0; place < book.settled; place += 1) {
        const row = book.order[place] ?? 0;
        const [payer, payee] = [book.payer[row] ?? 0, book.payee[row] ?? 0];
        if (payer < persons && payee < persons && book.pattern[row] === NONE) pairs.add(payer * persons + payee);
        const name = names.get(book.kind[row] ?? NONE);
        if (name !== undefined && (payer < persons || payee < persons)) {
          sizes.get(name)?.push(hundredths(book.amountMinor[row] ?? 0n));
        }
      }
    },
    close() {},
  };
  return {
    sink,
    lines() {
      const degrees = degreesOf(pairs, persons, dormant);
      const real = sizeReference(shared);
      return [
        ...(['10K', '1K'] as const).flatMap((set) => {
          const reference = degreeReference(shared, set);
          return (['in', 'out'] as const).map((direction) =>
            compare(
              `${direction === 'in' ? 'payers' : 'payees'} of a person`,
              `AMLSim ${set}`,
              reference[direction],
              degrees[direction],
            ),
          );
        }),
        ...KINDS.map((name) =>
          compare(
            `size of ${name} over the median`,
            'Berka',
            overMedian(real.get(name) ?? new Float64Array(0)),
            overMedian(Float64Array.from(sizes.get(name) ?? [])),
          ),
        ),
      ];
    },
  };
}

/** Distinct people each person was paid by and paid, sorted; accounts without any life are none of the network. */
function degreesOf(pairs: ReadonlySet<number>, persons: number, dormant: Uint8Array) {
  const found = { in: new Float64Array(persons), out: new Float64Array(persons) };
  for (const pair of pairs) {
    const [from, to] = [Math.floor(pair / persons), pair % persons];
    found.out[from] = (found.out[from] ?? 0) + 1;
    found.in[to] = (found.in[to] ?? 0) + 1;
  }
  const living = (values: Float64Array) => values.filter((_, person) => dormant[person] !== 1).sort();
  return { in: living(found.in), out: living(found.out) };
}

function compare(quantity: string, reference: string, real: Float64Array, simulated: Float64Array): FitLine {
  return {
    quantity,
    reference,
    real: real.length,
    simulated: simulated.length,
    ks_distance: ksDistance(real, simulated),
    curve: { real: percentiles(real), simulated: percentiles(simulated) },
    quantiles: PROBABILITIES.map((probability) => ({
      probability,
      real: quantile(real, probability),
      simulated: quantile(simulated, probability),
    })),
  };
}

/** A size for statistics: yuan as a real number, no longer an amount of money. */
function hundredths(fen: bigint): number {
  return Number(fen) / 100;
}

function percentiles(sorted: Float64Array): number[] {
  return Array.from({ length: 101 }, (_, percent) => quantile(sorted, percent / 100));
}
