/**
 * The way in: what of better-auth is reachable, below /api/auth, and what the house adds. Every address is named here;
 * bodies are strict; answers carry no session token, which is for the cookie alone.
 */
import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invariant } from '#kernel/errors';
import { type HttpApp, refuseForeignWrite, type SessionIdentity } from '#kernel/http';
import { type Attempt, attemptBegins, attemptSucceeded } from './attempts.ts';
import { AUTH_PATH, SIGN_IN_PAGE, SSO_PROVIDER } from './auth.ts';
import { identityError } from './errors.ts';
import type { Identity } from './interface.ts';
import { openJournal, type Place } from './journal.ts';
import { acceptLink, readLink } from './links.ts';
import { addPages } from './page.ts';
import { checkNewPassword, rememberPassword, verifyPassword } from './passwords.ts';
import { readStaff } from './read.ts';
import { passwordField, type Step, steps } from './steps.ts';

interface Outcome {
  readonly response: Response;
  /** The JSON of the answer, without tokens. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The token of the session that was made, which nobody else is to see. */
  readonly token: string | null;
}

export function signInDoor(identity: Identity) {
  const { db, clock, sessions, policy } = identity;
  const journal = openJournal({ db, clock, policy });

  async function forward(
    request: FastifyRequest,
    step: { method: string; path: string; body?: unknown; search?: string },
    again = false,
  ): Promise<Outcome> {
    const headers = new Headers({ 'x-longmen-address': request.ip });
    const { cookie, origin } = request.headers;
    if (cookie !== undefined) headers.set('cookie', cookie);
    if (origin !== undefined) headers.set('origin', origin);
    headers.set('user-agent', (request.headers['user-agent'] ?? '').slice(0, 300));
    if (step.body !== undefined) headers.set('content-type', 'application/json');
    const auth = await identity.auth(again);
    const response = await auth.handler(
      new Request(`${identity.publicUrl()}${AUTH_PATH}${step.path}${step.search ?? ''}`, {
        method: step.method,
        headers,
        ...(step.body === undefined ? {} : { body: JSON.stringify(step.body) }),
      }),
    );
    return { response, ...withoutTokens(await response.text()) };
  }

  async function sessionOf(request: FastifyRequest): Promise<SessionIdentity | null> {
    const { cookie } = request.headers;
    return cookie === undefined ? null : sessions.verify(cookie);
  }

  /** The session of a request, as long as it lasts. */
  function presentSession(request: FastifyRequest): Promise<SessionIdentity | null> {
    return sessionOf(request).catch((error: unknown) => {
      if (error instanceof Error && 'status' in error && error.status === 401) return null;
      throw error;
    });
  }

  /** Writes down who has a session now that this answer gives its cookie; does nothing when it gives none. */
  async function noteSession(request: FastifyRequest, response: Response): Promise<void> {
    const set = response.headers.getSetCookie().filter((cookie) => !/;\s*max-age=0\s*(;|$)/i.test(cookie));
    const session = await sessions.verify(set.map((cookie) => cookie.split(';', 1)[0]).join('; '));
    if (session !== null) await journal.signedIn(session, placeOf(request));
  }

  async function sessionNeeded(request: FastifyRequest): Promise<SessionIdentity> {
    const session = await sessionOf(request);
    if (session === null) throw identityError('session_needed', 'Sign in first');
    return session;
  }

  /** Sends what better-auth answered: cookies, and the body or the house's own error. */
  function relay(reply: FastifyReply, outcome: Outcome, signIn: boolean, body: unknown = outcome.body): FastifyReply {
    const { response } = outcome;
    if (!response.ok) throw refusal(response, outcome.body, signIn);
    sessions.forget();
    return withCookies(reply, response).send(body);
  }

  /** A code opens the door once, also within the half minute it is valid for. */
  async function refuseUsedCode(request: FastifyRequest, outcome: Outcome, code: string): Promise<void> {
    const staffId = staffIdOf(outcome);
    const present = clock.now();
    await db.query('delete from kernel.staff_code where staff_id = $1 and used_at < $2', [
      staffId,
      present.subtract({ minutes: 5 }).toString(),
    ]);
    const { rowCount } = await db.query(
      `insert into kernel.staff_code (staff_id, digest, used_at) values ($1, decode($2, 'base64'), $3)
       on conflict do nothing`,
      [staffId, hash('sha256', code, 'base64'), present.toString()],
    );
    if (rowCount === 1) return;
    await db.query('delete from identity.session where token = $1', [outcome.token]);
    sessions.forget();
    await journal.refused(await loginOf(outcome), placeOf(request));
    throw signInRefused();
  }

  /** Whose second factor or passkey was right: the failures before it are forgiven. */
  async function loginOf(outcome: Outcome): Promise<string> {
    return (await readStaff(db, staffIdOf(outcome))).login;
  }

  async function take(request: FastifyRequest, reply: FastifyReply, step: Step): Promise<FastifyReply> {
    refuseForeignWrite(request);
    const session = step.session === true ? await sessionNeeded(request) : null;
    const present = session ?? (await presentSession(request));
    const attempt: Attempt | null =
      step.counted === true ? { account: session?.login ?? null, address: request.ip } : null;
    if (attempt !== null) await attemptBegins(db, attempt, clock);
    const { body } = request;
    const outcome = await forward(request, { method: step.method, path: step.path, ...(body ? { body } : {}) });
    if (outcome.response.ok) {
      if (step.path === '/two-factor/verify-totp')
        await refuseUsedCode(request, outcome, (body as { code: string }).code);
      if (attempt !== null)
        await attemptSucceeded(db, { ...attempt, account: attempt.account ?? (await loginOf(outcome)) });
    }
    await note(request, step, present, outcome.response);
    return relay(reply, outcome, step.signIn === true);
  }

  /** @param present the session before this step */
  async function note(request: FastifyRequest, step: Step, present: SessionIdentity | null, response: Response) {
    const place = placeOf(request);
    if (!response.ok) {
      if (step.signIn === true && present === null) await journal.refused(null, place);
      if (step.counted === true && present !== null) await journal.changeRefused('second_factor', present, place);
      return;
    }
    if (step.signIn === true && present === null) return noteSession(request, response);
    if (present === null) return;
    if (step.path === '/sign-out') return journal.signedOut(present, place);
    // Whoever is signed in and shows a code has set up their second factor.
    const changed = step.path === '/two-factor/verify-totp' ? 'second_factor' : step.changes;
    if (changed !== undefined) return journal.changed(changed, present, place);
    if (step.signIn === true) return noteSession(request, response);
  }

  async function signIn(request: FastifyRequest, reply: FastifyReply, body: { username: string; password: string }) {
    refuseForeignWrite(request);
    const attempt = { account: body.username, address: request.ip };
    await attemptBegins(db, attempt, clock);
    const outcome = await forward(request, { method: 'POST', path: '/sign-in/username', body });
    if (!outcome.response.ok) {
      await journal.refused(body.username, placeOf(request));
      throw signInRefused();
    }
    // With a second factor to come, only that clears the count: guessing it must not be free.
    const second = outcome.body.twoFactorRedirect === true;
    if (!second) {
      await attemptSucceeded(db, attempt);
      await noteSession(request, outcome.response);
    }
    return relay(reply, outcome, true, {
      signed_in: !second,
      second_factors: second ? (outcome.body.twoFactorMethods ?? []) : [],
    });
  }

  async function changePassword(
    request: FastifyRequest,
    reply: FastifyReply,
    body: { current_password: string; new_password: string },
  ) {
    refuseForeignWrite(request);
    const session = await sessionNeeded(request);
    const { staffId, login } = session;
    const attempt = { account: login, address: request.ip };
    await attemptBegins(db, attempt, clock);
    if (!(await verifyPassword(await passwordHashOf(staffId), body.current_password))) {
      await journal.changeRefused('password', session, placeOf(request));
      throw identityError('password_wrong', 'The present password is not right');
    }
    await attemptSucceeded(db, attempt);
    await checkNewPassword(db, await readStaff(db, staffId), body.new_password, policy);
    const outcome = await forward(request, {
      method: 'POST',
      path: '/change-password',
      body: { currentPassword: body.current_password, newPassword: body.new_password, revokeOtherSessions: true },
    });
    if (outcome.response.ok) {
      await rememberPassword(db, staffId, await passwordHashOf(staffId), clock);
      await journal.changed('password', session, placeOf(request));
    }
    return relay(reply, outcome, false, { changed: true });
  }

  async function passwordHashOf(staffId: string): Promise<string> {
    const { rows } = await db.query<{ password: string | null }>(
      `select password from identity.account where "userId" = $1 and "providerId" = 'credential'`,
      [staffId],
    );
    return rows[0]?.password ?? '';
  }

  async function beginSso(request: FastifyRequest, reply: FastifyReply) {
    refuseForeignWrite(request);
    if (!identity.ssoConfigured) throw identityError('sso_not_configured', 'This house has no single sign-on');
    const step = {
      method: 'POST',
      path: '/sign-in/social',
      // Where the browser comes back to is never the caller's to say.
      body: {
        provider: SSO_PROVIDER,
        callbackURL: `${SIGN_IN_PAGE}?signed_in`,
        errorCallbackURL: SIGN_IN_PAGE,
        disableRedirect: true,
      },
    };
    const first = await forward(request, step);
    // The provider may have been away when it was first asked for its addresses.
    const outcome = first.response.ok ? first : await forward(request, step, true);
    if (!outcome.response.ok) throw identityError('sso_unavailable', 'The provider of single sign-on does not answer');
    return withCookies(reply, outcome.response).send({ url: outcome.body.url });
  }

  return (app: HttpApp): void => {
    const hide = true;
    for (const step of steps) {
      app.route({
        method: step.method,
        url: `${AUTH_PATH}${step.path}`,
        schema: { hide, ...(step.body === undefined ? {} : { body: step.body }) },
        handler: (request, reply) => take(request, reply, step),
      });
    }
    app.post(
      `${AUTH_PATH}/sign-in/username`,
      { schema: { hide, body: z.strictObject({ username: z.string().min(1).max(100), password: passwordField }) } },
      (request, reply) => signIn(request, reply, request.body),
    );
    app.post(
      `${AUTH_PATH}/change-password`,
      { schema: { hide, body: z.strictObject({ current_password: passwordField, new_password: passwordField }) } },
      (request, reply) => changePassword(request, reply, request.body),
    );
    app.post(`${AUTH_PATH}/sign-in/sso`, { schema: { hide, body: z.strictObject({}).optional() } }, beginSso);
    app.get(`${AUTH_PATH}/callback/${SSO_PROVIDER}`, { schema: { hide } }, async (request, reply) => {
      const search = new URL(request.raw.url ?? '/', identity.publicUrl()).search;
      const { response } = await forward(request, { method: 'GET', path: `/callback/${SSO_PROVIDER}`, search });
      await noteSession(request, response);
      const location = new URL(response.headers.get('location') ?? SIGN_IN_PAGE, identity.publicUrl());
      const here = location.origin === new URL(identity.publicUrl()).origin;
      return withCookies(reply, response).redirect(here ? `${location.pathname}${location.search}` : SIGN_IN_PAGE, 303);
    });
    app.get(`${AUTH_PATH}/session`, { schema: { hide } }, async (request) => {
      const session = await presentSession(request);
      const person = session === null ? null : { login: session.login, name: session.name, locale: session.locale };
      return { person, single_sign_on: identity.ssoConfigured };
    });
    app.post(
      `${AUTH_PATH}/welcome/look`,
      { schema: { hide, body: z.strictObject({ token: z.string().max(100) }) } },
      async (request) => {
        refuseForeignWrite(request);
        const staff = await readLink(db, request.body.token, clock);
        return { login: staff.login, name: staff.name, locale: staff.locale, shortest_password: policy.shortest };
      },
    );
    app.post(
      `${AUTH_PATH}/welcome`,
      { schema: { hide, body: z.strictObject({ token: z.string().max(100), password: passwordField }) } },
      async (request) => {
        refuseForeignWrite(request);
        const staff = await db.transaction((tx) => acceptLink(tx, request.body, policy, clock));
        sessions.forget();
        await journal.changed('password', staff, placeOf(request));
        return { login: staff.login };
      },
    );
    addPages(app);
  };
}

function placeOf(request: FastifyRequest): Place {
  const device = (request.headers['user-agent'] ?? '').slice(0, 300);
  return { address: request.ip, device, traceId: request.id };
}

function staffIdOf({ body: { user } }: Outcome): string {
  invariant(typeof user === 'object' && user !== null && 'id' in user, 'who_signs_in_is_told');
  return String(user.id);
}

function withCookies(reply: FastifyReply, response: Response): FastifyReply {
  const cookies = response.headers.getSetCookie();
  return cookies.length === 0 ? reply : reply.header('set-cookie', cookies);
}

function withoutTokens(text: string): { body: Readonly<Record<string, unknown>>; token: string | null } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = {};
  }
  if (Array.isArray(json)) return { body: { items: json }, token: null };
  if (typeof json !== 'object' || json === null) return { body: {}, token: null };
  const { token, session: _session, ...body } = json as Record<string, unknown>;
  return { body, token: typeof token === 'string' ? token : null };
}

function signInRefused() {
  return identityError('sign_in_refused', 'Login, password or second factor are not right, or you may not come in');
}

/** What better-auth refused, in the house's words; its own code goes along as `reason`. */
function refusal(response: Response, body: Readonly<Record<string, unknown>>, signIn: boolean): Error {
  if (signIn) return signInRefused();
  if (response.status >= 500) return new Error(`sign-in step failed: ${String(body.code ?? response.status)}`);
  if (response.status === 401) return identityError('session_needed', 'Sign in again for this');
  const reason = typeof body.code === 'string' ? body.code.toLowerCase() : 'refused';
  if (reason === 'invalid_password') return identityError('password_wrong', 'The present password is not right');
  return identityError('sign_in_step_refused', 'This step of signing in was not accepted', { reason });
}
