/** The bank's Czech codes and the standard English terms they become. */

export const DIRECTIONS = {
  PRIJEM: 'credit',
  VYDAJ: 'debit',
  // The bank writes some withdrawals with the operation's name in the place of the direction.
  VYBER: 'debit',
} as const;

export const OPERATIONS = {
  '': null,
  VKLAD: 'cash_deposit',
  VYBER: 'cash_withdrawal',
  'VYBER KARTOU': 'card_withdrawal',
  'PREVOD Z UCTU': 'incoming_transfer',
  'PREVOD NA UCET': 'outgoing_transfer',
} as const;

export const PURPOSES = {
  '': null,
  ' ': null,
  UROK: 'interest',
  SLUZBY: 'fee',
  SIPO: 'household',
  POJISTNE: 'insurance',
  DUCHOD: 'pension',
  UVER: 'loan_payment',
  'SANKC. UROK': 'penalty_interest',
} as const;

export const ORDER_PURPOSES = {
  '': null,
  ' ': null,
  SIPO: 'household',
  POJISTNE: 'insurance',
  UVER: 'loan_payment',
  LEASING: 'leasing',
} as const;

export const STATEMENT_FREQUENCIES = {
  'POPLATEK MESICNE': 'monthly',
  'POPLATEK TYDNE': 'weekly',
  'POPLATEK PO OBRATU': 'after_transaction',
} as const;

export const ROLES = { OWNER: 'owner', DISPONENT: 'authorised_signatory' } as const;

export const CARD_KINDS = { junior: 'junior', classic: 'classic', gold: 'gold' } as const;

export const LOAN_STATES = {
  A: 'finished_paid',
  B: 'finished_unpaid',
  C: 'running',
  D: 'running_in_debt',
} as const;

export type Direction = (typeof DIRECTIONS)[keyof typeof DIRECTIONS];
export type Operation = (typeof OPERATIONS)[keyof typeof OPERATIONS];
export type Purpose = (typeof PURPOSES)[keyof typeof PURPOSES];
