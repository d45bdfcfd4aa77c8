/** The words of simulated business, each with its number in the compact arrays. */

export const kinds = [
  'mobile_payment',
  'transfer',
  'cash_withdrawal',
  'cash_deposit',
  'salary',
  'pension',
  'rent',
  'utilities',
  'supplier_payment',
  'incoming_transfer',
  'takings',
  'outgoing_transfer',
  'loan_disbursement',
  'loan_repayment',
  'loan_interest',
  'wealth_purchase',
  'wealth_redemption',
  'card_bill',
  'interest',
  'fee',
] as const;
export type KindName = (typeof kinds)[number];

/** The number of each kind: `kind.transfer`. */
export const kind = Object.fromEntries(kinds.map((name, index) => [name, index])) as Readonly<Record<KindName, number>>;

export const channels = ['mobile', 'web', 'counter', 'machine', 'batch'] as const;
export type ChannelName = (typeof channels)[number];
export const channel = Object.fromEntries(channels.map((name, index) => [name, index])) as Readonly<
  Record<ChannelName, number>
>;

/** What an account stands for when money moves. */
export const sides = ['person', 'company', 'cash', 'outside', 'house'] as const;
export const side = { person: 0, company: 1, cash: 2, outside: 3, house: 4 } as const;

/** No device, no teller, no pattern. */
export const NONE = 0xffff_ffff;
/** Devices beyond the customers' own: bought new, or a stranger's. */
export const FIRST_FRESH_DEVICE = 0x8000_0000;
