/** All accounts of the bank by number: customers, loans, and those of the house itself. */
import { side } from '../vocabulary.ts';
import type { Population } from './build.ts';

/** An account of the bank itself or of the world outside, as the ledger opens it. */
export interface HouseAccount {
  readonly name: string;
  readonly code: string;
  readonly side: 'debit' | 'credit';
  readonly stands: number;
}

const OUTSIDE_BANKS = ['工商银行', '农业银行', '建设银行', '中国银行', '邮储银行', '网络支付清算'];

export interface Accounts {
  readonly customers: number;
  readonly firstLoan: number;
  readonly firstHouse: number;
  readonly count: number;
  readonly house: readonly HouseAccount[];
  /** Numbers of the house accounts. */
  readonly cash: number;
  readonly outside: number;
  readonly outsideBanks: number;
  readonly utilities: number;
  readonly wealth: number;
  readonly interestExpense: number;
  readonly interestIncome: number;
  readonly fees: number;
  readonly wages: number;
  readonly opening: number;
  /** Whose account it is, as a number of {@link side}. */
  standsFor(account: number): number;
}

export function accountsOf({ persons, customers, borrowers, branches }: Population): Accounts {
  const house: HouseAccount[] = [];
  const firstLoan = customers;
  const firstHouse = firstLoan + borrowers.length;
  const add = (name: string, code: string, normal: 'debit' | 'credit', stands: number) =>
    firstHouse + house.push({ name, code, side: normal, stands }) - 1;
  const cash = firstHouse;
  for (let branch = 0; branch < branches; branch += 1) add(`库存现金 ${branch + 1}`, '1001', 'debit', side.cash);
  const outside = firstHouse + house.length;
  for (const bank of OUTSIDE_BANKS) add(`清算往来 ${bank}`, '3001', 'debit', side.outside);
  const accounts = {
    customers,
    firstLoan,
    firstHouse,
    house,
    cash,
    outside,
    outsideBanks: OUTSIDE_BANKS.length,
    utilities: add('代收公用事业费', '2314', 'credit', side.house),
    wealth: add('代理理财资金', '2314', 'credit', side.house),
    interestExpense: add('利息支出', '6411', 'debit', side.house),
    interestIncome: add('利息收入', '6011', 'credit', side.house),
    fees: add('手续费收入', '6021', 'credit', side.house),
    wages: add('职工薪酬', '6601', 'debit', side.house),
    opening: add('期初余额', '3001', 'debit', side.house),
  };
  return {
    ...accounts,
    count: firstHouse + house.length,
    standsFor(account) {
      if (account < persons) return side.person;
      if (account < customers) return side.company;
      if (account < firstHouse) return side.house;
      return house[account - firstHouse]?.stands ?? side.house;
    },
  };
}
