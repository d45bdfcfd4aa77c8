import { defineErrors } from '#kernel/errors';

export const moneyError = defineErrors({
  currency_unknown: { status: 400, title: 'Currency unknown' },
  currency_mismatch_money: { status: 422, title: 'Amounts of different currencies' },
  allocation_weights_invalid: { status: 422, title: 'Weights cannot divide an amount' },
});
