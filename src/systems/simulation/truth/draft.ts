/** A pattern while it is being thought out: its members, and the steps in which money moves between them. */
import { asRoundAs } from '../business/amounts.ts';
import type { DayBook } from '../business/day-book.ts';
import { branchOf, tellerAt, type World } from '../business/world.ts';
import type { Typology } from '../parameters/load.ts';
import { hash, stream } from '../random.ts';
import { channel, FIRST_FRESH_DEVICE, kind, NONE } from '../vocabulary.ts';
import type { Wardrobe } from './wardrobe.ts';

/** What a member does in a pattern; victims and bystanders are never culpable. */
export type Role = 'hub' | 'member' | 'source' | 'receiver' | 'insider' | 'victim' | 'bystander';

export interface Member {
  readonly account: number;
  readonly role: Role;
}

/** A moment of the simulation. */
export interface Moment {
  readonly day: number;
  readonly second: number;
}

export interface Step extends Moment {
  readonly pattern: number;
  readonly from: number;
  readonly to: number;
  readonly amountMinor: bigint;
  readonly kind: number;
  readonly text: number;
  readonly channel: number;
  readonly device: number;
  readonly operator: number;
}

/** How one step differs from its dress. */
export interface Wish {
  /** Not before this; on the same day only if the dress's own hour is later. */
  readonly after?: Moment | undefined;
  /** Exactly then, whatever the hour. */
  readonly at?: Moment | undefined;
  readonly amountMinor?: bigint;
  readonly device?: number | undefined;
  /** Over the counter, served by this teller. */
  readonly operator?: number;
  readonly night?: boolean;
}

const DAY_SECONDS = 86_400;
const ATTEMPTS = 5;
const MOST_PIECES = 3;
/** A payment may be this many times smaller than its dress, not more. */
const SHORTFALL = 3n;

export class Draft {
  readonly steps: Step[] = [];
  readonly members: Member[] = [];
  readonly world: World;
  readonly typology: Typology;
  readonly today: number;
  readonly number: number;
  readonly #book: DayBook;
  readonly #wardrobe: Wardrobe;
  /** What the pattern has brought to an account, less what it has taken. */
  readonly #purses = new Map<number, bigint>();

  constructor(world: World, book: DayBook, wardrobe: Wardrobe, typology: Typology, number: number, today: number) {
    this.world = world;
    this.#book = book;
    this.#wardrobe = wardrobe;
    this.typology = typology;
    this.number = number;
    this.today = today;
  }

  get draws() {
    return this.world.draws;
  }

  join(account: number, role: Role): number {
    if (!this.members.some((member) => member.account === account)) this.members.push({ account, role });
    return account;
  }

  /** A person in ordinary life, who is not a member yet. */
  stranger(near?: number): number {
    const { persons, paymentRate, firstPerson, district } = this.world.population;
    const home = near === undefined ? undefined : district[near];
    const from = home === undefined ? 0 : (firstPerson[home] ?? 0);
    const end = home === undefined ? persons : (firstPerson[home + 1] ?? persons);
    let found = from;
    for (let attempt = 0; attempt < 30; attempt += 1) {
      found = from + this.draws.below(end - from);
      if ((paymentRate[found] ?? 0) > 0 && !this.#isMember(found)) break;
    }
    return found;
  }

  /** Somebody the person knows, or else somebody of the district: as the typology has it. */
  acquaintance(person: number): number {
    const { contacts, persons } = this.world.population;
    const from = contacts.start[person] ?? 0;
    const count = person < persons ? (contacts.start[person + 1] ?? 0) - from : 0;
    if (count > 0 && this.draws.chance(this.typology.acquainted_share)) {
      const found = contacts.to[from + this.draws.below(count)] ?? person;
      if (found !== person && !this.#isMember(found)) return found;
    }
    return this.stranger(person);
  }

  /** A person, or a small company with the probability of the typology. */
  anyone(near?: number): number {
    const { persons, companies } = this.world.population;
    if (!this.draws.chance(this.typology.company_share))
      return near === undefined ? this.stranger() : this.acquaintance(near);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const found = persons + this.draws.below(companies);
      if (!this.#isMember(found)) return found;
    }
    return this.stranger();
  }

  #isMember(account: number): boolean {
    return this.members.some((member) => member.account === account);
  }

  outside(): number {
    const { accounts } = this.world;
    return accounts.outside + this.draws.below(accounts.outsideBanks);
  }

  till(customer: number): number {
    return this.world.accounts.cash + branchOf(this.world, customer);
  }

  /** A device nobody has had before. */
  freshDevice(): number {
    return FIRST_FRESH_DEVICE + (hash(this.world.population.seed, stream.device, this.number, this.steps.length) >>> 2);
  }

  /** What an account could pay out now with what the pattern brought it. */
  purse(account: number): bigint {
    const { accounts, balances } = this.world;
    if (account >= accounts.customers) return 10n ** 15n;
    return balances.of(account) + (this.#purses.get(account) ?? 0n);
  }

  /** Somewhere in the typology's span of days. */
  someDay(): number {
    return this.today + this.draws.below(Math.max(1, this.draws.between(this.typology.span_days)));
  }

  /** Soon after: by the typology's delay. */
  soon(after: Moment): Moment {
    const seconds = after.second + this.draws.between(this.typology.delay_minutes) * 60 + this.draws.below(60);
    return { day: after.day + Math.floor(seconds / DAY_SECONDS), second: seconds % DAY_SECONDS };
  }

  /** What is left of `amountMinor` when the typology's share has been kept. */
  passedOn(amountMinor: bigint): bigint {
    const kept = BigInt(Math.round(this.draws.within(this.typology.kept_share) * 10_000));
    return amountMinor - (amountMinor * kept) / 10_000n;
  }

  /** Adds a step in the dress of a real payment. Returns nothing if the day had no such payment to learn from. */
  pay(from: number, to: number, day: number, wish: Wish = {}): Step | undefined {
    const row = this.#dress(from, to, wish.amountMinor === undefined ? this.typology.size_bias : 1);
    if (row < 0 || from === to) return undefined;
    const model = this.#book.amountMinor[row] ?? 100n;
    const amountMinor = wish.amountMinor === undefined ? model : asRoundAs(wish.amountMinor, model);
    if (amountMinor <= 0n) return undefined;
    const usual = this.#book.channel[row] ?? 0;
    const way = wish.operator !== undefined ? channel.counter : usual;
    const second =
      wish.night === true ? (21 * 3600 + this.draws.below(7 * 3600)) % DAY_SECONDS : (this.#book.second[row] ?? 0);
    const step: Step = {
      ...moment(day, wish.operator === undefined ? second : this.#counterSecond(), wish),
      pattern: this.number,
      from,
      to,
      amountMinor,
      kind: this.#book.kind[row] ?? kind.transfer,
      text: this.#book.text[row] ?? 0,
      channel: way,
      device: way === channel.mobile || way === channel.web ? (wish.device ?? this.#deviceOf(from)) : NONE,
      operator:
        way === channel.counter
          ? (wish.operator ?? tellerAt(this.world, branchOf(this.world, this.#customer(from, to))))
          : NONE,
    };
    this.steps.push(step);
    this.#purses.set(from, (this.#purses.get(from) ?? 0n) - amountMinor);
    this.#purses.set(to, (this.#purses.get(to) ?? 0n) + amountMinor);
    return step;
  }

  /** Pays `total` out in as many pieces as ordinary amounts make of it. `to` is asked for every piece. */
  spend(from: number, total: bigint, first: Moment, to: (second: number) => number, wish: Wish = {}): void {
    let left = total;
    let when = first;
    for (let piece = 0; piece < MOST_PIECES && left > 0n; piece += 1) {
      const receiver = to(when.second);
      const row = this.#dress(from, receiver, this.typology.size_bias);
      if (row < 0) return;
      const model = this.#book.amountMinor[row] ?? 0n;
      // What is too little for an ordinary payment of this sort stays where it is.
      if (model > left * SHORTFALL) return;
      const amountMinor = model < left && piece < MOST_PIECES - 1 ? model : asRoundAs(left, model);
      const step = this.pay(from, receiver, when.day, { ...wish, at: this.soon(when), amountMinor });
      if (step === undefined) return;
      left -= step.amountMinor;
      when = step;
    }
  }

  /** Lets what came to `from` leave as the typology says. */
  leave(from: number, total: bigint, after: Moment, wish: Wish = {}): void {
    const { exit } = this.typology;
    if (exit === 'none' || total <= 0n) return;
    const amount = this.passedOn(total);
    if (exit === 'outside') this.spend(from, amount, after, () => this.outside(), wish);
    else if (exit === 'cash') this.spend(from, amount, after, () => this.till(from), wish);
    else if (exit === 'people')
      this.spend(from, amount, after, () => this.join(this.acquaintance(from), 'receiver'), wish);
    else this.spend(from, amount, after, (second) => this.shop(from, second), wish);
  }

  shop(customer: number, second: number): number {
    const { population, merchants } = this.world;
    const person = customer < population.persons ? customer : this.stranger(customer);
    return population.persons + merchants.pick(this.draws, person, second);
  }

  /** The largest of `bias` dresses among those that can be paid; the smallest seen if none can. */
  #dress(from: number, to: number, bias: number): number {
    const most = this.purse(from);
    let [best, smallest] = [-1, -1];
    const size = (row: number) => this.#book.amountMinor[row] ?? 0n;
    for (let attempt = 0, found = 0; attempt < ATTEMPTS * bias && found < bias; attempt += 1) {
      const row = this.#wardrobe.pick(this.draws, from, to);
      if (row < 0) return -1;
      if (smallest < 0 || size(row) < size(smallest)) smallest = row;
      if (size(row) > most) continue;
      found += 1;
      if (best < 0 || size(row) > size(best)) best = row;
    }
    return best < 0 ? smallest : best;
  }

  /** Whose branch serves a payment: that of the customer in it. */
  #customer(from: number, to: number): number {
    return from < this.world.population.customers ? from : Math.min(to, this.world.population.customers - 1);
  }

  #deviceOf(from: number): number {
    return this.world.population.device[from] ?? NONE;
  }

  #counterSecond(): number {
    return 9 * 3600 + this.draws.below(8 * 3600);
  }
}

function moment(day: number, second: number, { at, after }: Wish): Moment {
  if (at !== undefined) return at;
  if (after === undefined || day > after.day) return { day, second };
  return second > after.second ? { day: after.day, second } : { day: after.day + 1, second };
}
