/**
 * People: who they are, how they sign in, and their sessions. better-auth does the cryptography of sessions, second
 * factors, passkeys and single sign-on; the house decides what of it is reachable and who may come in.
 */
export { purgeAttempts } from './attempts.ts';
export { identityError } from './errors.ts';
export { defaultUrl, linkUrl, openIdentity } from './identity.ts';
export type { Identity, IdentityConfig } from './interface.ts';
export { createLink, type LinkOptions, type NewLink } from './links.ts';
export { type Locale, locales, type Staff, type StaffInput, type StaffState, staffStates } from './model.ts';
export { findStaff, listStaff, readStaff } from './read.ts';
export { meRoutes, staffRoutes } from './routes.ts';
export { authSecretFile, rotateAuthSecret } from './secret.ts';
export { createSessionVerifier } from './sessions.ts';
export {
  changeStaffState,
  createStaff,
  endSessions,
  firstAdministrator,
  linkFor,
  suspendStaff,
  updateStaff,
} from './staff.ts';
export { tokenRoutes } from './token-routes.ts';
