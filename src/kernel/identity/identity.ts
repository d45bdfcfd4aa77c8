/** The identity of people, opened for one process: sign-in, sessions, people. */
import type { Clock } from '#kernel/clock';
import type { Config } from '#kernel/config';
import type { Database } from '#kernel/database';
import type { Log } from '#kernel/log';
import { type Auth, createAuth, type SsoSettings } from './auth.ts';
import { kyselyOn } from './dialect.ts';
import { signInDoor } from './door.ts';
import type { Identity, IdentityConfig } from './interface.ts';
import { WELCOME_PATH } from './links.ts';
import { authSecretFile, readAuthSecrets } from './secret.ts';
import { createSessionVerifier, type SessionLimits } from './sessions.ts';
import { adoptStaff, freeLogin } from './staff.ts';

/** A provider that is away is not asked for its addresses with every try to sign in. */
const MADE_AGAIN_AFTER_MS = 1_000;

export function openIdentity(options: {
  db: Database;
  clock: Clock;
  log: Log;
  config: IdentityConfig;
  rememberedSeconds?: number;
}): Identity {
  const { db, clock, log, config } = options;
  const secrets = readAuthSecrets(authSecretFile(config));
  const limits: SessionLimits = { idleMinutes: config.sessionIdleMinutes, absoluteHours: config.sessionHours };
  const sso = ssoSettings(config);
  let listening: string | undefined;
  let made: Promise<Auth> | undefined;
  let madeAt_ms = 0;
  const publicUrl = () => config.publicUrl ?? listening ?? defaultUrl(config);

  async function make(): Promise<Auth> {
    const auth = createAuth({
      kysely: kyselyOn(db),
      secrets,
      publicUrl: publicUrl(),
      absoluteHours: config.sessionHours,
      sso,
      log: (level, message) => log[level]({ part: 'better-auth' }, message),
      hooks: {
        maySignIn: (staffId, viaSso) => maySignIn(db, staffId, viaSso),
        loginFor: (email) => freeLogin(db, email),
        onCreated: (person) => adoptStaff(db, person, clock),
      },
    });
    await auth.$context;
    return auth;
  }

  const identity: Identity = {
    db,
    clock,
    sessions: createSessionVerifier({
      db,
      clock,
      limits,
      publicUrl,
      secret: () => secrets[0].value,
      ...(options.rememberedSeconds === undefined ? {} : { rememberedSeconds: options.rememberedSeconds }),
    }),
    door: (app) => signInDoor(identity)(app),
    policy: { shortest: config.passwordLength, history: config.passwordHistory },
    linkHours: config.linkHours,
    ssoConfigured: sso !== undefined,
    auth(again = false) {
      if (again && performance.now() - madeAt_ms >= MADE_AGAIN_AFTER_MS) made = undefined;
      if (made === undefined) {
        madeAt_ms = performance.now();
        made = make();
        // What could not be made is tried again by whoever asks next.
        made.catch(() => {
          made = undefined;
        });
      }
      return made;
    },
    publicUrl,
    listensAt(url) {
      listening = url;
    },
    linkUrl: ({ token }) => linkUrl(publicUrl(), token),
  };
  return identity;
}

/** The address of a one-time link of a house that is reached at `publicUrl`. */
export function linkUrl(publicUrl: string, token: string): string {
  return `${publicUrl}${WELCOME_PATH}/${token}`;
}

/** Where a house with these settings is reached when it says nothing else. */
export function defaultUrl(config: Pick<Config, 'host' | 'port' | 'publicUrl'>): string {
  if (config.publicUrl !== undefined) return config.publicUrl;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `http://${host}:${config.port}`;
}

function ssoSettings(config: IdentityConfig): SsoSettings | undefined {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecret: clientSecret } = config;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  return { issuer, clientId, clientSecret, createsStaff: config.oidcCreatesStaff === 'on' };
}

/** The provider's word is as good as a first password: it makes an invited person active. */
async function maySignIn(db: Database, staffId: string, viaSso: boolean): Promise<boolean> {
  if (viaSso) {
    await db.query(`update kernel.staff set state = 'active' where staff_id = $1 and state = 'invited'`, [staffId]);
  }
  const { rowCount } = await db.query(`select from kernel.staff where staff_id = $1 and state = 'active'`, [staffId]);
  return rowCount === 1;
}
