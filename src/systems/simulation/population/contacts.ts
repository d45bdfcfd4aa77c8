/**
 * Who sends money to whom: a configuration model (Molloy and Reed, 1995) on the degree sequence of `data/amounts.json`.
 * Every person has a number of people they pay and a number who pay them; the ends are joined at random, most within
 * a district.
 */
import { amountTables } from '../data/tables.ts';
import { Draws, share, stream } from '../random.ts';

export interface Contacts {
  /** Where a person's contacts begin in {@link to}; one more entry at the end. */
  readonly start: Uint32Array;
  readonly to: Uint32Array;
}

const OUTSIDE_THE_DISTRICT = 0.25;

export function drawContacts(seed: number, firstPerson: Uint32Array, dormant: Uint8Array): Contacts {
  const persons = firstPerson.at(-1) ?? 0;
  const degree = (person: number, direction: 'in' | 'out') =>
    dormant[person] === 1
      ? 0
      : degreeAt(direction, share(seed, stream.contact, person, direction === 'in' ? 1 : 2), persons);
  const start = new Uint32Array(persons + 1);
  let total = 0;
  for (let person = 0; person < persons; person += 1) {
    start[person] = total;
    total += degree(person, 'out');
  }
  start[persons] = total;
  const to = new Uint32Array(total);
  for (let one = 0; one + 1 < firstPerson.length; one += 1) {
    const from = firstPerson[one] ?? 0;
    const end = firstPerson[one + 1] ?? 0;
    fillDistrict(to, start[from] ?? 0, start[end] ?? total, from, end, (person) => degree(person, 'in'));
    shuffle(to, start[from] ?? 0, start[end] ?? total, 1, new Draws().seed(seed, stream.contact, one, 3));
  }
  shuffle(to, 0, total, OUTSIDE_THE_DISTRICT, new Draws().seed(seed, stream.contact, 0, 4));
  avoidOneself(to, start);
  return { start, to };
}

/** Quantile of the degree sequence; nobody of a small bank knows more than a tenth of it. */
function degreeAt(direction: 'in' | 'out', unit: number, persons: number): number {
  const probabilities = amountTables.degree_probabilities;
  const values = amountTables.degrees[direction];
  let upper = 1;
  while (upper < probabilities.length - 1 && (probabilities[upper] ?? 1) < unit) upper += 1;
  const low = probabilities[upper - 1] ?? 0;
  const width = (probabilities[upper] ?? 1) - low;
  const part = width === 0 ? 0 : (unit - low) / width;
  const value = (values[upper - 1] ?? 0) + part * ((values[upper] ?? 0) - (values[upper - 1] ?? 0));
  return Math.min(Math.round(value), Math.ceil(persons / 10));
}

/** Writes everyone's incoming ends, scaled so that there are as many as outgoing ones. */
function fillDistrict(
  to: Uint32Array,
  start: number,
  end: number,
  from: number,
  last: number,
  ends: (person: number) => number,
) {
  let wanted = 0;
  for (let person = from; person < last; person += 1) wanted += ends(person);
  let owed = 0;
  let at = start;
  for (let person = from; person < last; person += 1) {
    owed += wanted === 0 ? 0 : (ends(person) * (end - start)) / wanted;
    for (; owed >= 0.5 && at < end; owed -= 1) to[at++] = person;
  }
  to.fill(from, at, end);
}

/** Fisher and Yates, among a share of the places. */
function shuffle(to: Uint32Array, start: number, end: number, places: number, draws: Draws): void {
  for (let last = end - 1; last > start; last -= 1) {
    if (places < 1 && !draws.chance(places)) continue;
    const other = start + draws.below(last - start + 1);
    const kept = to[last] ?? 0;
    to[last] = to[other] ?? 0;
    to[other] = kept;
  }
}

function avoidOneself(to: Uint32Array, start: Uint32Array): void {
  const total = to.length;
  for (let person = 0; person + 1 < start.length; person += 1) {
    for (let at = start[person] ?? 0; at < (start[person + 1] ?? 0); at += 1) {
      if (to[at] !== person) continue;
      const other = (at + 1 + Math.floor(total / 2)) % total;
      to[at] = to[other] ?? 0;
      to[other] = person;
    }
  }
}
