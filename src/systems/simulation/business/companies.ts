/** A day of every company: supply chains, takings, business with other banks. */
import type { Day } from '../calendar/days.ts';
import { secondOf } from '../calendar/hours.ts';
import { hash, share, stream } from '../random.ts';
import { channel, kind } from '../vocabulary.ts';
import { curveYuan, fenOf, heavyYuan, invoicedFen } from './amounts.ts';
import type { DayBook } from './day-book.ts';
import { emit } from './people.ts';
import { branchOf, type World } from './world.ts';

const MOST_SUPPLIERS = 5;

/** The n-th supplier of a company: mostly one of its district, and larger ones supply more. */
export function supplierOf(world: World, company: number, which: number): number {
  const { population } = world;
  const { seed, firstCompany, companies, district, persons } = population;
  const unit = share(seed, stream.company, company, 20 + which) ** 1.6;
  const home = district[persons + company] ?? 0;
  const near = hash(seed, stream.company, company, 40 + which) % 3 !== 0;
  const from = near ? (firstCompany[home] ?? 0) : 0;
  const end = near ? (firstCompany[home + 1] ?? companies) : companies;
  const found = from + Math.floor((end - from) * unit);
  return found === company ? (company + 1) % companies : found;
}

export function fillCompanies(world: World, book: DayBook, day: Day): void {
  const { population, draws, accounts } = world;
  const { seed, companies, persons, companySize, payrollYuan } = population;
  const { rates, medians_yuan: medians } = population.parameters;
  for (let company = 0; company < companies; company += 1) {
    draws.seed(seed, stream.companyDay, company, day.index);
    const account = persons + company;
    const size = 0.5 + 2.5 * (companySize[company] ?? 0.2);
    const busy = day.business * (0.4 + 1.6 * (companySize[company] ?? 0.2));
    const suppliers = 1 + (hash(seed, stream.company, company, 9) % MOST_SUPPLIERS);
    for (let count = draws.poisson(rates.supplier_payments_per_day * busy); count > 0; count -= 1) {
      const to = persons + supplierOf(world, company, draws.below(suppliers));
      const fen = invoicedFen(draws, heavyYuan(draws, medians.supplier_payment * size, 1.25));
      emit(world, book, account, working(world, day), account, to, fen, kind.supplier_payment, channel.web);
    }
    // Business elsewhere has to bring in what the payroll takes out.
    const scale = Math.max(medians.company_incoming * size, (payrollYuan[company] ?? 0) * 0.3);
    for (let count = draws.poisson(rates.company_incoming_per_day * busy); count > 0; count -= 1) {
      const bank = accounts.outside + draws.below(accounts.outsideBanks);
      const fen = invoicedFen(draws, heavyYuan(draws, scale, 1.0));
      emit(world, book, account, working(world, day), bank, account, fen, kind.incoming_transfer, channel.batch);
    }
    for (let count = draws.poisson(rates.company_outgoing_per_day * busy); count > 0; count -= 1) {
      const bank = accounts.outside + draws.below(accounts.outsideBanks);
      const fen = invoicedFen(draws, heavyYuan(draws, medians.company_outgoing * size, 1.2));
      emit(world, book, account, working(world, day), account, bank, fen, kind.outgoing_transfer, channel.web);
    }
    if (draws.chance(rates.company_cash_deposits_per_day * Math.min(1, day.payments))) {
      const fen = fenOf(curveYuan(draws, 'cash_deposit', medians.company_cash_deposit * size), 100);
      const second = secondOf(draws, 'counter', day.isBusinessDay);
      const till = accounts.cash + branchOf(world, account);
      emit(world, book, account, second, till, account, fen, kind.cash_deposit, channel.counter);
    }
  }
}

function working({ draws }: World, day: Day): number {
  return secondOf(draws, 'transfer', day.isBusinessDay);
}
