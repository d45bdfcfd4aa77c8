/** Where people of a district pay: by how well shops go, when they are open, and what people are used to. */
import { trades } from '../data/tables.ts';
import type { Population } from '../population/build.ts';
import { type Draws, hash, stream } from '../random.ts';

const SLOTS = 4096;
const HABITS = 9;
const ATTEMPTS = 6;

export class Merchants {
  readonly #population: Population;
  readonly #byDistrict: Uint32Array[];
  readonly #online: Uint32Array;

  constructor(population: Population) {
    this.#population = population;
    const { firstCompany, trade } = population;
    this.#byDistrict = [];
    const online: number[] = [];
    for (let district = 0; district + 1 < firstCompany.length; district += 1) {
      const companies: number[] = [];
      for (let one = firstCompany[district] ?? 0; one < (firstCompany[district + 1] ?? 0); one += 1) {
        if (trades[trade[one] ?? 0]?.online) online.push(one);
        else companies.push(one);
      }
      this.#byDistrict.push(this.#slots(companies));
    }
    this.#online = this.#slots(online);
  }

  /** Companies as often as customers come to them. */
  #slots(companies: readonly number[]): Uint32Array {
    const { trade, companySize } = this.#population;
    const weights = companies.map((one) => (trades[trade[one] ?? 0]?.popularity ?? 1) * (companySize[one] ?? 1));
    const total = weights.reduce((left, right) => left + right, 0);
    const slots = new Uint32Array(companies.length === 0 ? 0 : SLOTS);
    let [which, sum] = [0, weights[0] ?? 0];
    for (let slot = 0; slot < slots.length; slot += 1) {
      while (which < companies.length - 1 && sum / total <= (slot + 0.5) / SLOTS) sum += weights[++which] ?? 0;
      slots[slot] = companies[which] ?? 0;
    }
    return slots;
  }

  /** The number of the company where a person pays at a second of the day; a shop that is closed is passed by. */
  pick(draws: Draws, person: number, second: number): number {
    const { district, seed } = this.#population;
    const slots = this.#byDistrict[district[person] ?? 0];
    const count = slots?.length ?? 0;
    if (slots !== undefined && count > 0 && !(this.#online.length > 0 && draws.chance(0.16))) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const word = draws.word();
        const slot =
          (word & 3) === 0 ? word >>> 20 : hash(seed, stream.contact, person, 16 + ((word >>> 8) % HABITS)) >>> 20;
        const company = slots[slot % count] ?? 0;
        if (this.isOpen(company, second)) return company;
      }
    }
    const all = this.#online.length > 0 ? this.#online : slots;
    return all?.[draws.word() % all.length] ?? 0;
  }

  isOpen(company: number, second: number): boolean {
    const trade = trades[this.#population.trade[company] ?? 0];
    if (trade === undefined) return true;
    const hour = second / 3600;
    return (hour >= trade.opens && hour < trade.closes) || hour + 24 < trade.closes;
  }
}
