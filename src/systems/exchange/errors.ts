import { defineErrors } from '#kernel/errors';

const kinds = {
  rate_invalid: { status: 422, title: 'A rate cannot be taken' },
  rate_differs: { status: 409, title: 'The source has another rate for this pair and time already' },
  rate_not_found: { status: 409, title: 'No rate for this pair' },
  rate_too_old: { status: 409, title: 'The latest rate is too old' },
  rate_file_invalid: { status: 422, title: 'A file of rates is damaged; nothing of it is kept' },
  exchange_not_configured: { status: 409, title: 'The book has no exchange desk' },
  exchange_configuration_invalid: { status: 422, title: 'The exchange desk cannot be set up like this' },
  exchange_functional_currency_fixed: { status: 409, title: 'The functional currency of a book does not change' },
  exchange_currency_not_traded: { status: 409, title: 'The book does not trade this currency' },
  exchange_amount_invalid: { status: 422, title: 'The amount cannot be exchanged' },
  exchange_quote_not_found: { status: 404, title: 'No such quote' },
  exchange_quote_expired: { status: 409, title: 'The quote has expired' },
  exchange_quote_taken: { status: 409, title: 'The quote was taken by another deal' },
  exchange_deal_id_invalid: { status: 400, title: 'The id of a deal is not a UUID' },
  exchange_deal_differs: { status: 409, title: 'This id was used for another deal' },
  exchange_deal_not_found: { status: 404, title: 'No such deal' },
  exchange_date_invalid: { status: 422, title: 'The books cannot be revalued at this date' },
  exchange_revaluation_refused: { status: 409, title: 'The ledger refused the revaluation; nothing was posted' },
} as const;

export const exchangeError = defineErrors(kinds);
/** All codes of this room. */
export const exchangeErrorCodes: readonly string[] = Object.keys(kinds);
