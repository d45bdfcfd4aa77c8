import { defineErrors } from '#kernel/errors';

export const tokenError = defineErrors({
  token_missing: { status: 401, title: 'Bearer token missing' },
  token_invalid: { status: 401, title: 'Bearer token not valid' },
  token_expired: { status: 401, title: 'Bearer token expired' },
  token_not_found: { status: 404, title: 'Token not found' },
  token_name_invalid: { status: 400, title: 'Token name not valid' },
  token_scope_invalid: { status: 400, title: 'Permissions or expiry of a token not valid' },
});
