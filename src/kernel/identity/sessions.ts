/** Sessions of people: whose cookie this is, on the hot path; and the list a person sees of their own. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Queryable } from '#kernel/database';
import { parseInstant } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import type { SessionIdentity, SessionVerifier } from '#kernel/http';
import { isUuid } from '#kernel/ids';
import { COOKIE_PREFIX } from './auth.ts';
import { identityError } from './errors.ts';
import type { Locale } from './model.ts';

/** How long a session lives without use, and at most. */
export interface SessionLimits {
  readonly idleMinutes: number;
  readonly absoluteHours: number;
}

/** A suspension must be effective everywhere within 5 seconds; the rest is for the query that precedes remembering. */
const REMEMBERED_SECONDS = 4;
const REMEMBERED_LIMIT = 10_000;
/** The time of last use is written at most so often, which is how exact idling is. */
const TOUCHED_AFTER_SECONDS = 60;

/** The name of the session cookie; with https only a secure origin can have set it. */
export function sessionCookieName(publicUrl: string): string {
  return `${publicUrl.startsWith('https://') ? '__Secure-' : ''}${COOKIE_PREFIX}.session_token`;
}

/** The value of one cookie of a Cookie header, decoded; undefined when it is not there or there twice. */
export function cookieValue(header: string, name: string): string | undefined {
  const found = header
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`));
  const [only] = found;
  if (only === undefined || found.length > 1) return undefined;
  try {
    return decodeURIComponent(only.slice(name.length + 1));
  } catch {
    return undefined;
  }
}

/** The token of a session cookie whose signature is good; undefined for any other text. */
export function signedToken(value: string, secret: string): string | undefined {
  const dot = value.lastIndexOf('.');
  if (dot < 1) return undefined;
  const token = value.slice(0, dot);
  const given = Buffer.from(value.slice(dot + 1), 'base64');
  const right = createHmac('sha256', secret).update(token).digest();
  return given.length === right.length && timingSafeEqual(given, right) ? token : undefined;
}

/**
 * Makes the verifier of a process.
 *
 * @param options.publicUrl and `secret` are asked for late: the address is known when the server listens
 */
export function createSessionVerifier(options: {
  db: Queryable;
  clock: Clock;
  limits: SessionLimits;
  publicUrl: () => string;
  secret: () => string;
  rememberedSeconds?: number;
}): SessionVerifier {
  const { db, clock, limits, rememberedSeconds = REMEMBERED_SECONDS } = options;
  invariant(rememberedSeconds <= REMEMBERED_SECONDS, 'suspension_effective_within_5_seconds');
  const remembered = new Map<string, { identity: SessionIdentity; until_ms: number }>();
  const asked = new Map<string, Promise<SessionIdentity>>();
  let generation = 0;

  async function ask(token: string, key: string): Promise<SessionIdentity> {
    // Elapsed real time, not business time: a clock that a test holds still must not keep a session alive.
    const until_ms = performance.now() + rememberedSeconds * 1_000;
    const asked_in = generation;
    const identity = await readSession(db, token, limits, clock);
    if (asked_in === generation) {
      if (remembered.size >= REMEMBERED_LIMIT) remembered.clear();
      remembered.set(key, { identity, until_ms });
    }
    return identity;
  }

  return {
    verify(header) {
      const value = cookieValue(header, sessionCookieName(options.publicUrl()));
      if (value === undefined) return null;
      // The whole cookie is the key, so that a known token with another signature is not let in.
      const key = hash('sha256', value, 'base64');
      const known = remembered.get(key);
      if (known !== undefined && known.until_ms > performance.now()) return known.identity;
      const token = signedToken(value, options.secret());
      if (token === undefined) throw sessionNeeded();
      let answer = asked.get(key);
      if (answer === undefined) {
        answer = ask(token, key).finally(() => asked.delete(key));
        asked.set(key, answer);
      }
      return answer;
    },
    forget() {
      generation += 1;
      remembered.clear();
      asked.clear();
    },
  };
}

interface SessionRow {
  readonly sessionId: string;
  readonly staffId: string;
  readonly login: string;
  readonly name: string;
  readonly locale: Locale;
  readonly unitId: number;
  readonly begun: string;
  readonly used: string;
  readonly expires: string;
}

async function readSession(
  db: Queryable,
  token: string,
  limits: SessionLimits,
  clock: Clock,
): Promise<SessionIdentity> {
  const { rows } = await asSystem(() =>
    db.query<SessionRow>(
      `select i.id as "sessionId", s.staff_id as "staffId", s.login, s.name, s.locale, s.unit_id as "unitId",
              i."createdAt" as begun, i."updatedAt" as used, i."expiresAt" as expires
         from identity.session i join kernel.staff s on s.staff_id = i."userId"
        where i.token = $1 and s.state = 'active'`,
      [token],
    ),
  );
  const [row] = rows;
  if (row === undefined) throw sessionNeeded();
  const present = clock.now().epochMilliseconds;
  const at = (text: string) => parseInstant(text).epochMilliseconds;
  const idle_ms = present - at(row.used);
  const over =
    at(row.expires) <= present ||
    present - at(row.begun) >= limits.absoluteHours * 3_600_000 ||
    idle_ms >= limits.idleMinutes * 60_000;
  if (over) {
    await asSystem(() => db.query('delete from identity.session where id = $1', [row.sessionId]));
    throw sessionNeeded();
  }
  if (idle_ms >= TOUCHED_AFTER_SECONDS * 1_000) await touch(db, row.sessionId, clock);
  const { sessionId, staffId, login, name, locale, unitId } = row;
  return { sessionId, staffId, login, name, locale, unitId };
}

async function touch(db: Queryable, sessionId: string, clock: Clock): Promise<void> {
  await asSystem(() =>
    db.query('update identity.session set "updatedAt" = $2 where id = $1', [sessionId, clock.now().toString()]),
  );
}

function sessionNeeded() {
  return identityError('session_needed', 'The session has ended; sign in again');
}

/** A session as its owner sees it; instants are RFC 3339 UTC text. */
export interface SessionRecord {
  readonly sessionId: string;
  readonly begunAt: string;
  /** Exact to the minute. */
  readonly lastUsedAt: string;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** The sessions of a person, newest first. */
export async function listSessions(db: Queryable, staffId: string): Promise<SessionRecord[]> {
  const { rows } = await db.query<SessionRecord>(
    `select id as "sessionId", "createdAt" as "begunAt", "updatedAt" as "lastUsedAt",
            nullif("ipAddress", '') as address, nullif("userAgent", '') as "userAgent"
       from identity.session where "userId" = $1 order by "createdAt" desc, id`,
    [staffId],
  );
  return rows;
}

/** Ends one session of a person. @throws `session_not_found`, also for somebody else's */
export async function revokeSession(db: Queryable, staffId: string, sessionId: string): Promise<void> {
  const { rowCount } = isUuid(sessionId)
    ? await db.query('delete from identity.session where "userId" = $1 and id = $2', [staffId, sessionId])
    : { rowCount: 0 };
  if (rowCount === 0) throw identityError('session_not_found', 'You have no such session', { session_id: sessionId });
}

/** Ends all sessions of a person but one; returns how many. */
export async function revokeOtherSessions(db: Queryable, staffId: string, keep: string): Promise<number> {
  const { rowCount } = await db.query('delete from identity.session where "userId" = $1 and id <> $2', [staffId, keep]);
  return rowCount;
}
