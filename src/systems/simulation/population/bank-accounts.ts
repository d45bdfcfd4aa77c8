/** The accounts of the bank as a ledger opens them, in order of their numbers. */
import type { World } from '../business/world.ts';
import { idText, space } from '../ids.ts';
import { companyName, personName } from './names.ts';

export interface BankAccount {
  readonly id: string;
  /** Whose it is; none for accounts of the house. */
  readonly partyId: string | undefined;
  /** Code of the Chinese chart of accounts. */
  readonly code: string;
  readonly side: 'debit' | 'credit';
  readonly name: string;
  /** A customer's deposit account, which never goes below zero. */
  readonly isCustomer: boolean;
}

export function* bankAccounts({ population, accounts }: World): Generator<BankAccount> {
  const { seed, persons, borrowers } = population;
  for (let account = 0; account < accounts.count; account += 1) {
    const id = idText(seed, space.account, account);
    if (account < accounts.customers) {
      const name = account < persons ? personName(population, account) : companyName(population, account - persons);
      yield { id, partyId: idText(seed, space.party, account), code: '2011', side: 'credit', name, isCustomer: true };
    } else if (account < accounts.firstHouse) {
      const borrower = borrowers[account - accounts.firstLoan] ?? 0;
      const partyId = idText(seed, space.party, borrower);
      const name = `${personName(population, borrower)} 贷款`;
      yield { id, partyId, code: '1303', side: 'debit', name, isCustomer: false };
    } else {
      const house = accounts.house[account - accounts.firstHouse];
      if (house === undefined) return;
      yield { id, partyId: undefined, code: house.code, side: house.side, name: house.name, isCustomer: false };
    }
  }
}
