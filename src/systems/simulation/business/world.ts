/** What a day of business works with. */
import type { Accounts } from '../population/accounts.ts';
import type { Population } from '../population/build.ts';
import { Draws } from '../random.ts';
import type { Balances } from './balances.ts';
import { Merchants } from './merchants.ts';

export interface World {
  readonly population: Population;
  readonly accounts: Accounts;
  readonly balances: Balances;
  readonly merchants: Merchants;
  /** Seeded anew by whoever draws. */
  readonly draws: Draws;
}

export function worldOf(population: Population, accounts: Accounts, balances: Balances): World {
  return { population, accounts, balances, merchants: new Merchants(population), draws: new Draws() };
}

/** One of the branches of a customer's district. */
export function branchOf({ population }: World, customer: number): number {
  const perDistrict = population.parameters.branches_per_district;
  return (population.district[customer] ?? 0) * perDistrict + ((population.address[customer] ?? 0) % perDistrict);
}

/** A teller of the bank, as a number in the list of staff. */
export function tellerAt({ population, draws }: World, branch: number): number {
  const perBranch = Math.max(1, Math.floor(population.staff.length / population.branches));
  return (branch * perBranch + draws.below(perBranch)) % population.staff.length;
}
