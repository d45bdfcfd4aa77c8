/** A house with parties in it: what tests of the room share. */
import { type Ledger, openLedger } from '#engines/ledger';
import { createUnit, type Unit } from '#kernel/access';
import { type ManualClock, manualClock } from '#kernel/clock';
import type { Transaction } from '#kernel/database';
import { createBook } from '#kernel/events';
import { newId } from '#kernel/ids';
import {
  addRelation,
  createParties,
  type PartyDeps,
  type PartyInput,
  type Relation,
  type RelationKind,
} from '#systems/parties';
import { type Cleanup, type TestDatabase, testDatabase } from '#test/database';

export interface PartyHouse {
  readonly db: TestDatabase;
  readonly clock: ManualClock;
  readonly deps: PartyDeps;
  readonly ledger: Ledger;
  readonly bookId: number;
  /** Two branches. */
  readonly north: Unit;
  readonly south: Unit;
  act<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Parties as they are said to be, not yet created; of the institution itself unless `more` says otherwise. */
  person(name: string, more?: Partial<PartyInput>): PartyInput;
  company(name: string, more?: Partial<PartyInput>): PartyInput;
  create(...inputs: PartyInput[]): Promise<string[]>;
  one(input: PartyInput): Promise<string>;
  relation(from: string, kind: RelationKind, to: string, more?: Partial<Relation>): Relation;
  relate(from: string, kind: RelationKind, to: string, more?: Partial<Relation>): Promise<Relation>;
}

/** 2025-01-02, 11:04 in Shanghai; the book `main`. */
export async function partyHouse(t: Cleanup): Promise<PartyHouse> {
  const timeZone = 'Asia/Shanghai';
  const db = await testDatabase(t);
  const clock = manualClock('2025-01-02T03:04:05Z');
  const deps = { db, clock, timeZone };
  const ledger = openLedger({ db, clock, timeZone });
  t.after(() => ledger.close());
  const act: PartyHouse['act'] = (work) => db.transaction(work);
  const { bookId } = await act((tx) => createBook(tx, { code: 'main', name: 'Main' }, clock));
  const [north, south] = await act(
    async (tx): Promise<[Unit, Unit]> => [
      await createUnit(tx, { code: 'north', name: '北支行', kind: 'branch' }, clock),
      await createUnit(tx, { code: 'south', name: '南支行', kind: 'branch' }, clock),
    ],
  );
  const person: PartyHouse['person'] = (value, more = {}) => {
    return { id: newId(clock), unitId: 1, kind: 'person', names: [{ kind: 'legal', value }], ...more };
  };
  const create: PartyHouse['create'] = (...inputs) => act((tx) => createParties(deps, tx, inputs));
  const relation: PartyHouse['relation'] = (from, kind, to, more = {}) => {
    const base = { id: newId(clock), from, to, kind, percentage: null, note: null, validUntil: null };
    return { ...base, validFrom: '2020-01-01', ...more };
  };
  return {
    db,
    clock,
    deps,
    ledger,
    bookId,
    north,
    south,
    act,
    person,
    company: (value, more = {}) => person(value, { kind: 'organisation', ...more }),
    create,
    one: async (input) => (await create(input))[0] ?? '',
    relation,
    relate: (from, kind, to, more) => act((tx) => addRelation(deps, tx, relation(from, kind, to, more))),
  };
}

/** The code of the error that work ends with, or 'done'. */
export function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

/** A resident number that is right: born on a date, with three digits of order, odd for men. */
export function residentId(birth: string, order: string): string {
  const digits = `110105${birth.replaceAll('-', '')}${order}`;
  return digits + checkDigit(digits);
}

/** GB 11643-1999 as its annex writes it down, by weights: another way than the room's own. */
function checkDigit(digits: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, place) => total + weight * Number(digits.charAt(place)), 0);
  return '10X98765432'.charAt(sum % 11);
}
