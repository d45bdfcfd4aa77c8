/** What the rest of the house sees of the identity of people. */
import type { Clock } from '#kernel/clock';
import type { Config } from '#kernel/config';
import type { Database } from '#kernel/database';
import type { RouteModule, SessionVerifier } from '#kernel/http';
import type { Auth } from './auth.ts';
import type { NewLink } from './links.ts';
import type { PasswordPolicy } from './model.ts';

/** The settings {@link openIdentity} looks at. */
export type IdentityConfig = Pick<
  Config,
  | 'authSecretFile'
  | 'dataFolder'
  | 'host'
  | 'linkHours'
  | 'oidcClientId'
  | 'oidcClientSecret'
  | 'oidcCreatesStaff'
  | 'oidcIssuer'
  | 'passwordHistory'
  | 'passwordLength'
  | 'port'
  | 'publicUrl'
  | 'sessionHours'
  | 'sessionIdleMinutes'
>;

export interface Identity {
  /** For {@link buildHttp}: whose session a request carries. */
  readonly sessions: SessionVerifier;
  /** For {@link buildHttp}: where people sign in. */
  readonly door: RouteModule;
  readonly policy: PasswordPolicy;
  readonly linkHours: number;
  readonly ssoConfigured: boolean;
  readonly db: Database;
  readonly clock: Clock;
  /** The library, made when first asked for. With `again`, made anew: a provider may have been away. */
  auth(again?: boolean): Promise<Auth>;
  /** Origin that browsers see. */
  publicUrl(): string;
  /** Where the server really answers; known when it listens on a port of the system's choice. */
  listensAt(url: string): void;
  /** The address of a one-time link. */
  linkUrl(link: Pick<NewLink, 'token'>): string;
}
