/** How each record of the bank becomes a row of the schema `imports`. */
import type { Column, StoredTable } from '../store.ts';
import type { AccountRow, CardRow, ClientRow, DistrictRow, LoanRow, RightRow, StandingOrderRow } from './parse.ts';
import type { Posting } from './plan.ts';

type Of<Row extends { readonly values: unknown }> = Row['values'];

function column<Row>(name: string, type: Column<Row>['type'], value: Column<Row>['value']): Column<Row> {
  return { name, type, value };
}

export const districtTable: StoredTable<Of<DistrictRow>> = {
  name: 'berka_district',
  columns: [
    column('district_id', 'integer', (row) => row.A1),
    column('name', 'text', (row) => row.A2),
    column('region', 'text', (row) => row.A3),
    column('inhabitants', 'numeric', (row) => row.A4),
    column('municipalities_below_500', 'numeric', (row) => row.A5),
    column('municipalities_500_to_1999', 'numeric', (row) => row.A6),
    column('municipalities_2000_to_9999', 'numeric', (row) => row.A7),
    column('municipalities_from_10000', 'numeric', (row) => row.A8),
    column('cities', 'numeric', (row) => row.A9),
    column('urban_inhabitants_percent', 'numeric', (row) => row.A10),
    column('average_salary_czk', 'numeric', (row) => row.A11),
    column('unemployment_1995_percent', 'numeric', (row) => row.A12),
    column('unemployment_1996_percent', 'numeric', (row) => row.A13),
    column('entrepreneurs_per_1000', 'numeric', (row) => row.A14),
    column('crimes_1995', 'numeric', (row) => row.A15),
    column('crimes_1996', 'numeric', (row) => row.A16),
  ],
};

export const clientTable: StoredTable<Of<ClientRow>> = {
  name: 'berka_client',
  columns: [
    column('client_id', 'integer', (row) => row.client_id),
    column('birth_date', 'date', (row) => row.birth_number.date),
    column('sex', 'text', (row) => row.birth_number.sex),
    column('district_id', 'integer', (row) => row.district_id),
  ],
};

/** `ledgerAccountId` gives the ledger account that a bank account became. */
export function accountTable(ledgerAccountId: (accountId: number) => string): StoredTable<Of<AccountRow>> {
  return {
    name: 'berka_account',
    columns: [
      column('account_id', 'integer', (row) => row.account_id),
      column('district_id', 'integer', (row) => row.district_id),
      column('statement_frequency', 'text', (row) => row.frequency),
      column('opened_on', 'date', (row) => row.date),
      column('ledger_account_id', 'uuid', (row) => ledgerAccountId(row.account_id)),
    ],
  };
}

export const rightTable: StoredTable<Of<RightRow>> = {
  name: 'berka_right',
  columns: [
    column('right_id', 'integer', (row) => row.disp_id),
    column('client_id', 'integer', (row) => row.client_id),
    column('account_id', 'integer', (row) => row.account_id),
    column('role', 'text', (row) => row.type),
  ],
};

export const standingOrderTable: StoredTable<Of<StandingOrderRow>> = {
  name: 'berka_standing_order',
  columns: [
    column('order_id', 'integer', (row) => row.order_id),
    column('account_id', 'integer', (row) => row.account_id),
    column('bank_to', 'text', (row) => row.bank_to),
    column('account_to', 'text', (row) => row.account_to),
    column('amount_minor', 'bigint', (row) => row.amount),
    column('purpose', 'text', (row) => row.k_symbol),
  ],
};

export const cardTable: StoredTable<Of<CardRow>> = {
  name: 'berka_card',
  columns: [
    column('card_id', 'integer', (row) => row.card_id),
    column('right_id', 'integer', (row) => row.disp_id),
    column('kind', 'text', (row) => row.type),
    column('issued_on', 'date', (row) => row.issued),
  ],
};

export const loanTable: StoredTable<Of<LoanRow>> = {
  name: 'berka_loan',
  columns: [
    column('loan_id', 'integer', (row) => row.loan_id),
    column('account_id', 'integer', (row) => row.account_id),
    column('granted_on', 'date', (row) => row.date),
    column('amount_minor', 'bigint', (row) => row.amount),
    column('duration_months', 'integer', (row) => row.duration),
    column('payment_minor', 'bigint', (row) => row.payments),
    column('state', 'text', (row) => row.status),
  ],
};

export const transactionTable: StoredTable<Posting> = {
  name: 'berka_transaction',
  columns: [
    column('transaction_id', 'integer', ({ row }) => row.values.trans_id),
    column('account_id', 'integer', ({ row }) => row.values.account_id),
    column('effective_date', 'date', ({ row }) => row.values.date),
    column('place_in_day', 'integer', ({ place }) => place),
    column('direction', 'text', ({ row }) => row.values.type),
    column('operation', 'text', ({ row }) => row.values.operation),
    column('purpose', 'text', ({ row }) => row.values.k_symbol),
    column('amount_minor', 'bigint', ({ row }) => row.values.amount),
    column('stated_balance_minor', 'bigint', ({ row }) => row.values.balance),
    column('bank', 'text', ({ row }) => row.values.bank),
    column('account_number', 'text', ({ row }) => row.values.account),
    column('difference_minor', 'bigint', ({ differenceMinor }) => differenceMinor),
    column('transfer_id', 'uuid', ({ transfer }) => transfer?.id ?? null),
    column('difference_transfer_id', 'uuid', ({ difference }) => difference?.id ?? null),
  ],
};
