/** What the bank books by itself: loans, interest, fees; and what everyone has on the first day. */
import type { Day } from '../calendar/days.ts';
import { secondOf } from '../calendar/hours.ts';
import { Draws, hash, share, stream } from '../random.ts';
import { channel, kind } from '../vocabulary.ts';
import { fenOf, heavyYuan } from './amounts.ts';
import type { DayBook } from './day-book.ts';
import { emit } from './people.ts';
import type { World } from './world.ts';

/** A loan as it follows from its number. */
export interface Loan {
  readonly principalMinor: bigint;
  readonly months: number;
  /** Day of the simulation on which it is paid out; before the first day: it runs already. */
  readonly startsOn: number;
  /** Months after which the borrower stops paying, or -1. */
  readonly stopsAfter: number;
  readonly dueDay: number;
}

export function loanOf({ population }: World, loan: number): Loan {
  const { seed, parameters } = population;
  const draws = new Draws().seed(seed, stream.loan, loan, 2);
  return {
    principalMinor: fenOf(heavyYuan(draws, parameters.medians_yuan.loan_principal, 0.7), 1_000),
    months: 12 * draws.between([1, 5]),
    startsOn: draws.chance(0.7) ? -1 - draws.below(600) : draws.below(240),
    stopsAfter: draws.chance(parameters.defaulting_borrower_share) ? draws.below(6) : -1,
    dueDay: 1 + draws.below(28),
  };
}

/** Interest of a loan: 4.8 % a year, by the month, in basis points of what is owed. */
const MONTHLY_BASIS_POINTS = 40n;

export function fillHouse(world: World, book: DayBook, day: Day): void {
  const { population, accounts, balances, draws } = world;
  for (const [number, person] of population.borrowers.entries()) {
    const loan = loanOf(world, number);
    const account = accounts.firstLoan + number;
    if (loan.startsOn !== day.index && loan.dueDay !== day.dayOfMonth) continue;
    draws.seed(population.seed, stream.loan, number, 10 + day.index);
    const second = secondOf(draws, 'batch', day.isBusinessDay);
    if (loan.startsOn === day.index) {
      emit(world, book, person, second, account, person, loan.principalMinor, kind.loan_disbursement, channel.batch);
    } else if (balances.of(account) > 0n && loan.startsOn < day.index) {
      const months = Math.floor((day.index - Math.max(0, loan.startsOn)) / 30);
      if (loan.stopsAfter >= 0 && months >= loan.stopsAfter) continue;
      const owed = balances.of(account);
      const rate = loan.principalMinor / BigInt(loan.months);
      const due = owed < rate ? owed : rate;
      emit(world, book, person, second, person, account, due, kind.loan_repayment, channel.batch);
      const interest = (owed * MONTHLY_BASIS_POINTS) / 10_000n;
      if (interest > 0n) {
        emit(world, book, person, second, person, accounts.interestIncome, interest, kind.loan_interest, channel.batch);
      }
    }
  }
  if (day.settlesInterest) settleInterest(world, book, day);
}

/** A tenth of a percent a year for deposits, by the quarter; companies pay 30 yuan for their account. */
function settleInterest(world: World, book: DayBook, day: Day): void {
  const { population, accounts, balances, draws } = world;
  draws.seed(population.seed, stream.opening, 1, day.index);
  for (let customer = 0; customer < accounts.customers; customer += 1) {
    const interest = balances.of(customer) / 4_000n;
    const second = 60 + (hash(population.seed, stream.opening, customer, 3) % 1_800);
    if (interest > 0n) {
      emit(world, book, customer, second, accounts.interestExpense, customer, interest, kind.interest, channel.batch);
    }
    if (customer >= population.persons) {
      emit(world, book, customer, second + 3_600, customer, accounts.fees, 3_000n, kind.fee, channel.batch);
    }
  }
}

/** A balance that an account begins with: a transfer between two accounts, before the first day. */
export interface Opening {
  readonly payer: number;
  readonly payee: number;
  readonly amountMinor: bigint;
}

/** What every account begins with, in order of the accounts. */
export function* openings(world: World): Generator<Opening> {
  const { population, accounts } = world;
  const { seed, persons, customers, incomeYuan, companySize, payrollYuan, parameters, dormant } = population;
  const draws = new Draws();
  for (let customer = 0; customer < customers; customer += 1) {
    draws.seed(seed, stream.opening, customer);
    const company = customer - persons;
    const months = parameters.medians_yuan.opening_months_of_income * (dormant[customer] === 1 ? 0.4 : 1);
    const yuan =
      company < 0
        ? heavyYuan(draws, (incomeYuan[customer] ?? 0) * months, 1.1)
        : heavyYuan(draws, parameters.medians_yuan.opening_company * (0.3 + (companySize[company] ?? 0)), 0.9) +
          (payrollYuan[company] ?? 0) * 1.5;
    yield { payer: accounts.opening, payee: customer, amountMinor: fenOf(yuan, 0.01) };
  }
  for (let number = 0; number < population.borrowers.length; number += 1) {
    const loan = loanOf(world, number);
    if (loan.startsOn >= 0) continue;
    const left = 0.15 + 0.8 * share(seed, stream.loan, number, 5);
    const owed = (loan.principalMinor * BigInt(Math.round(left * 1_000))) / 1_000n;
    yield { payer: accounts.firstLoan + number, payee: accounts.opening, amountMinor: owed };
  }
}
