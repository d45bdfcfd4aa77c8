/** Error codes of people and their sign-in. */
import { defineErrors } from '#kernel/errors';

export const identityError = defineErrors({
  // One code, one text for every reason: who asks learns nothing about logins, states or which factor was wrong.
  sign_in_refused: { status: 401, title: 'Sign-in refused' },
  sign_in_locked: { status: 429, title: 'Too many failed sign-ins' },
  sign_in_step_refused: { status: 400, title: 'Sign-in step not accepted' },
  session_needed: { status: 401, title: 'Sign-in needed' },
  sso_not_configured: { status: 404, title: 'Single sign-on not configured' },
  sso_unavailable: { status: 503, title: 'Single sign-on not available' },
  password_refused: { status: 422, title: 'Password not acceptable' },
  password_wrong: { status: 400, title: 'Present password not right' },
  link_not_valid: { status: 400, title: 'One-time link not valid' },
  login_invalid: { status: 400, title: 'Login not valid' },
  staff_field_invalid: { status: 400, title: 'Field of a staff member not valid' },
  staff_exists: { status: 409, title: 'Login or e-mail address already used' },
  staff_not_found: { status: 404, title: 'Staff member not found' },
  staff_state_invalid: { status: 409, title: 'Not possible in this state' },
  staff_out_of_scope: { status: 403, title: 'Unit outside of what you may change' },
  session_not_found: { status: 404, title: 'Session not found' },
  auth_secret_unusable: { status: 500, title: 'Sign-in secret unusable' },
});
