/** better-auth as the house uses it: what is switched on, on which tables, with which cookies. */
import { passkey } from '@better-auth/passkey';
import { APIError, type BetterAuthOptions, betterAuth } from 'better-auth';
import { genericOAuth, twoFactor, username } from 'better-auth/plugins';
import type { Kysely } from 'kysely';
import { hashPassword, verifyPassword } from './passwords.ts';
import type { AuthSecret } from './secret.ts';

/** Where people sign in who have an account elsewhere (OpenID Connect). */
export interface SsoSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whether somebody the provider knows and the house does not becomes a staff member, without any role. */
  readonly createsStaff: boolean;
}

/** What the library asks the house. */
export interface AuthHooks {
  /** Whether this person may have a session; `sso`: vouched for by the provider of single sign-on. */
  maySignIn(staffId: string, sso: boolean): Promise<boolean>;
  /** The login of a person the provider of single sign-on brought. */
  loginFor(email: string): Promise<string>;
  /** A person the provider of single sign-on brought is now known to the library. */
  onCreated(person: { id: string; login: string; name: string; email: string }): Promise<void>;
}

export interface AuthParts {
  readonly kysely: Kysely<Record<string, Record<string, unknown>>>;
  readonly secrets: readonly AuthSecret[];
  /** Origin that browsers see, such as `https://bank.example`. */
  readonly publicUrl: string;
  readonly absoluteHours: number;
  readonly sso?: SsoSettings | undefined;
  readonly hooks: AuthHooks;
  readonly log?: ((level: 'warn' | 'error', message: string) => void) | undefined;
}

export const SSO_PROVIDER = 'sso';
export const COOKIE_PREFIX = 'longmen';
export const AUTH_PATH = '/api/auth';
/** Where the browser is sent after single sign-on, with `?signed_in` or `?error=`. */
export const SIGN_IN_PAGE = '/sign-in';

/** The options of better-auth. Its tables are those of `migrations/0001-better-auth.sql`; a test compares the two. */
export function authOptions(parts: AuthParts) {
  const { hooks, publicUrl, sso } = parts;
  return {
    appName: 'Longmen',
    baseURL: publicUrl,
    basePath: AUTH_PATH,
    secrets: parts.secrets.map(({ version, value }) => ({ version, value })),
    database: { db: parts.kysely, type: 'postgres', transaction: false, schemaName: 'identity' },
    telemetry: { enabled: false },
    logger: {
      level: 'warn',
      disableColors: true,
      // Only its own fixed texts: what follows them can hold personal data.
      log: (level, message) => parts.log?.(level === 'error' ? 'error' : 'warn', message),
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      // The house checks length and more before the library sees a new password.
      minPasswordLength: 1,
      maxPasswordLength: 1_024,
      password: { hash: hashPassword, verify: ({ hash, password }) => verifyPassword(hash, password) },
    },
    session: {
      expiresIn: parts.absoluteHours * 3_600,
      // The house keeps the time of last use itself; a session never lives longer than it was given at first.
      disableSessionRefresh: true,
      freshAge: 3_600,
    },
    account: {
      // Who the provider says this is must be an address it has verified; the house vouches for its own.
      accountLinking: { enabled: true, trustedProviders: [] },
      updateAccountOnSignIn: false,
    },
    user: { changeEmail: { enabled: false }, deleteUser: { enabled: false } },
    // The door counts failures per account and address in the database, for all processes together.
    rateLimit: { enabled: false },
    advanced: {
      cookiePrefix: COOKIE_PREFIX,
      useSecureCookies: publicUrl.startsWith('https://'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'strict', path: '/' },
      // The provider's answer comes from its own site, so the cookie that ties it to this browser has to come along.
      cookies: { state: { attributes: { sameSite: 'lax' } }, oauth_state: { attributes: { sameSite: 'lax' } } },
      database: { generateId: 'uuid' },
      // The door has compared the origin of every write before the library sees it.
      disableCSRFCheck: true,
      ipAddress: { ipAddressHeaders: ['x-longmen-address'] },
    },
    databaseHooks: {
      session: {
        create: {
          before: async (session, context) =>
            (await hooks.maySignIn(session.userId, context?.path?.startsWith('/callback/') === true))
              ? undefined
              : false,
        },
      },
      account: {
        create: {
          // What the provider gave to reach it further is of no use here, so it is not kept.
          before: async (account) => ({
            data: { ...account, accessToken: null, refreshToken: null, idToken: null },
          }),
        },
      },
      user: {
        create: {
          // An address that the provider has not verified is only a claim.
          before: async (user) =>
            user.emailVerified ? { data: { ...user, username: await hooks.loginFor(user.email) } } : false,
          after: async (user) => {
            const login = 'username' in user && typeof user.username === 'string' ? user.username : user.email;
            await hooks.onCreated({ id: user.id, login, name: user.name, email: user.email });
          },
        },
      },
    },
    plugins: [
      username({ minUsernameLength: 1, maxUsernameLength: 63, usernameValidator: () => true }),
      twoFactor({ issuer: 'Longmen', skipVerificationOnEnable: false, totpOptions: { digits: 6, period: 30 } }),
      passkey({
        rpID: new URL(publicUrl).hostname,
        rpName: 'Longmen',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        // The library asks for the person behind the device (PIN, finger) but does not insist. A passkey stands for
        // both factors here, so the house does.
        registration: {
          afterVerification: ({ verification }) => insist(verification.registrationInfo?.userVerified),
        },
        authentication: {
          afterVerification: ({ verification }) => insist(verification.authenticationInfo.userVerified),
        },
      }),
      ...(sso === undefined
        ? []
        : [
            genericOAuth({
              config: [
                {
                  providerId: SSO_PROVIDER,
                  discoveryUrl: `${sso.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
                  clientId: sso.clientId,
                  clientSecret: sso.clientSecret,
                  scopes: ['openid', 'email', 'profile'],
                  pkce: true,
                  requireIdTokenVerification: true,
                  disableSignUp: !sso.createsStaff,
                  overrideUserInfo: false,
                },
              ],
            }),
          ]),
    ],
    onAPIError: { errorURL: `${publicUrl}${SIGN_IN_PAGE}` },
  } satisfies BetterAuthOptions;
}

function insist(userVerified: boolean | undefined): void {
  if (userVerified === true) return;
  throw new APIError('UNAUTHORIZED', {
    code: 'USER_NOT_VERIFIED',
    message: 'The authenticator did not verify its user',
  });
}

export type Auth = ReturnType<typeof createAuth>;

export function createAuth(parts: AuthParts) {
  return betterAuth(authOptions(parts));
}
