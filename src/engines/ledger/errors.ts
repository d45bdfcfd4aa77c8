import { defineErrors } from '#kernel/errors';

/** Faults of a whole request; what is wrong with a single transfer is an outcome code (see model.ts). */
export const ledgerError = defineErrors({
  account_not_found: { status: 404, title: 'Account not found' },
  account_exists_differently: { status: 409, title: 'Account exists with other content' },
  account_invalid: { status: 400, title: 'Account invalid' },
  account_not_empty: { status: 409, title: 'Account is not empty' },
  account_is_closed: { status: 409, title: 'Account is closed' },
  unit_out_of_scope: { status: 403, title: 'Unit is not yours' },
  transfer_out_of_scope: { status: 403, title: 'Transfer between accounts of other units' },
  transfer_not_found: { status: 404, title: 'Transfer not found' },
  transfer_id_malformed: { status: 400, title: 'Transfer id is not a UUID' },
  batch_empty: { status: 400, title: 'No transfers given' },
  batch_too_large: { status: 413, title: 'Too many transfers in one call' },
  group_not_found: { status: 404, title: 'Group not found' },
  group_parent_not_found: { status: 409, title: 'Parent group not found' },
  group_different: { status: 409, title: 'Group exists with other content' },
  group_invalid: { status: 400, title: 'Group invalid' },
  window_not_found: { status: 404, title: 'Window not found' },
  window_different: { status: 409, title: 'Window exists with other content' },
  window_invalid: { status: 400, title: 'Window invalid' },
  archived: { status: 410, title: 'Archived' },
  manual_limit_invalid: { status: 400, title: 'Limit invalid' },
  closing_invalid: { status: 409, title: 'Closing invalid' },
  ledger_overloaded: { status: 503, title: 'Too many transfers waiting' },
  ledger_closed: { status: 503, title: 'Ledger is shutting down' },
});
