/** How people and companies belong together: employment, shares, supply, households. All follow from the seed. */
import { supplierOf } from '../business/companies.ts';
import type { World } from '../business/world.ts';
import { hash, stream } from '../random.ts';
import type { Population } from './build.ts';

export interface Relation {
  readonly from: number;
  readonly relation: 'household_head' | 'employed_by' | 'legal_representative' | 'shareholder' | 'supplies';
  readonly to: number;
  /** Per cent, of shareholders. */
  readonly percent?: number;
}

const MOST_SHAREHOLDERS = 3;
const SUPPLIERS_TOLD = 2;

/** A person of the company's district: the same for the same company and place in the list. */
function ownerOf({ seed, firstPerson, district, persons }: Population, company: number, place: number): number {
  const home = district[persons + company] ?? 0;
  const from = firstPerson[home] ?? 0;
  const count = (firstPerson[home + 1] ?? persons) - from;
  return from + (hash(seed, stream.company, company, 60 + place) % count);
}

/** Everything that is known about who belongs to whom, customer by customer. */
export function* relations(world: World): Generator<Relation> {
  const { population } = world;
  const { seed, persons, companies, address, worksFor } = population;
  for (let person = 0; person < persons; person += 1) {
    const head = address[person] ?? person;
    // Neighbours of a village share an address, not a household.
    if (head !== person && person - head < 6) yield { from: person, relation: 'household_head', to: head };
    const company = worksFor[person] ?? -1;
    if (company >= 0) yield { from: person, relation: 'employed_by', to: persons + company };
  }
  for (let company = 0; company < companies; company += 1) {
    const to = persons + company;
    yield { from: ownerOf(population, company, 0), relation: 'legal_representative', to };
    let left = 100;
    const owners = 1 + (hash(seed, stream.company, company, 70) % MOST_SHAREHOLDERS);
    for (let place = 0; place < owners; place += 1) {
      const most = left - (owners - place - 1);
      const percent = place === owners - 1 ? left : 1 + (hash(seed, stream.company, company, 71 + place) % most);
      left -= percent;
      yield { from: ownerOf(population, company, place), relation: 'shareholder', to, percent };
    }
    for (let which = 0; which < SUPPLIERS_TOLD; which += 1) {
      yield { from: persons + supplierOf(world, company, which), relation: 'supplies', to };
    }
  }
}
