/** Decides which patterns begin on a day, and keeps their steps until their days come. */
import type { DayBook } from '../business/day-book.ts';
import type { World } from '../business/world.ts';
import type { Typology } from '../parameters/load.ts';
import { Draws, stream } from '../random.ts';
import { NONE } from '../vocabulary.ts';
import { Draft, type Member, type Step } from './draft.ts';
import { builders } from './shapes/index.ts';
import { Wardrobe } from './wardrobe.ts';

/** A pattern as it begins. */
export interface Pattern {
  readonly number: number;
  readonly typology: Typology;
  readonly day: number;
  readonly plannedSteps: number;
  readonly members: readonly Member[];
}

type Label = Typology['truth'];
const labels: readonly Label[] = ['guilty', 'innocent'];

/** All typologies of one label, as often as they weigh, in an order that follows from the seed. */
class Deck {
  readonly #cards: Typology[] = [];
  readonly #label: number;
  readonly #seed: number;
  #round = 0;
  #left: Typology[] = [];

  constructor(typologies: readonly Typology[], label: Label, seed: number) {
    this.#label = labels.indexOf(label);
    this.#seed = seed;
    for (const one of typologies) {
      if (one.truth === label) for (let copy = 0; copy < one.weight; copy += 1) this.#cards.push(one);
    }
  }

  next(): Typology | undefined {
    if (this.#left.length === 0) {
      this.#left = [...this.#cards];
      const draws = new Draws().seed(this.#seed, stream.deck, this.#label, this.#round);
      for (let last = this.#left.length - 1; last > 0; last -= 1) {
        const other = draws.below(last + 1);
        const kept = this.#left[last];
        const moved = this.#left[other];
        if (kept !== undefined && moved !== undefined) [this.#left[last], this.#left[other]] = [moved, kept];
      }
      this.#round += 1;
    }
    return this.#left.pop();
  }
}

export class Planner {
  readonly #world: World;
  readonly #wardrobe: Wardrobe;
  readonly #decks: Readonly<Record<Label, Deck>>;
  readonly #due = new Map<number, Step[]>();
  /** How many payments each label may still add, from the days so far. */
  readonly #allowance: Record<Label, number> = { guilty: 0, innocent: 0 };
  readonly #labelOf: Label[] = [];
  #added = 0;

  constructor(world: World, typologies: readonly Typology[]) {
    const { seed } = world.population;
    this.#world = world;
    this.#wardrobe = new Wardrobe(world.accounts);
    this.#decks = { guilty: new Deck(typologies, 'guilty', seed), innocent: new Deck(typologies, 'innocent', seed) };
  }

  /** Begins the patterns of the day and adds all steps due today to the book. Returns what began. */
  fill(book: DayBook, day: number): Pattern[] {
    const { prevalence, look_alikes_per_truth: ratio } = this.#world.population.parameters.truth;
    this.#wardrobe.fill(book);
    this.#allowance.guilty += book.count * prevalence;
    this.#allowance.innocent += book.count * prevalence * ratio;
    const begun: Pattern[] = [];
    for (const label of labels) {
      for (let empty = 0; this.#allowance[label] > 0 && empty < 50; ) {
        const typology = this.#decks[label].next();
        if (typology === undefined) break;
        const pattern = this.#begin(book, typology, day);
        if (pattern === undefined) {
          empty += 1;
          continue;
        }
        this.#allowance[label] -= pattern.plannedSteps;
        begun.push(pattern);
      }
    }
    this.#addDue(book, day);
    return begun;
  }

  /** Gives back what could not be paid, so that the prevalence holds for what happened. Called when the day is settled. */
  settled(book: DayBook): void {
    const rows = book.count;
    for (let row = rows - this.#added; row < rows; row += 1) {
      const label = this.#labelOf[book.pattern[row] ?? NONE];
      if (label !== undefined) this.#allowance[label] += 1;
    }
    for (let place = 0; place < book.settled; place += 1) {
      const label = this.#labelOf[book.pattern[book.order[place] ?? 0] ?? NONE];
      if (label !== undefined) this.#allowance[label] -= 1;
    }
  }

  #begin(book: DayBook, typology: Typology, day: number): Pattern | undefined {
    const number = this.#labelOf.length;
    this.#world.draws.seed(this.#world.population.seed, stream.pattern, number, day);
    const draft = new Draft(this.#world, book, this.#wardrobe, typology, number, day);
    builders[typology.shape](draft);
    if (draft.steps.length === 0) return undefined;
    this.#labelOf.push(typology.truth);
    for (const step of draft.steps) {
      const due = this.#due.get(step.day);
      if (due === undefined) this.#due.set(step.day, [step]);
      else due.push(step);
    }
    return { number, typology, day, plannedSteps: draft.steps.length, members: draft.members };
  }

  #addDue(book: DayBook, day: number): void {
    this.#added = this.#due.get(day)?.length ?? 0;
    for (const step of this.#due.get(day) ?? []) {
      const row = book.add(step.second, step.from, step.to, step.amountMinor, step.kind, step.text, step.channel);
      book.device[row] = step.device;
      book.operator[row] = step.operator;
      book.pattern[row] = step.pattern;
    }
    this.#due.delete(day);
  }
}
