import type { FastifyRequest } from 'fastify';
import { type TokenIdentity, type TokenVerifier, tokenError } from '#kernel/tokens';
import { httpError } from './errors.ts';
import type { SessionIdentity, SessionVerifier } from './types.ts';

const BEARER = /^bearer +([^ ]+) *$/i;

/**
 * Makes the hook that lets only bearers of a valid token (RFC 6750) or a person's session through, and notes who it is in
 * `request.actor`, `request.token` and `request.session`. A token or session seen in the last seconds costs no promise.
 */
export function authentication(tokens: TokenVerifier, sessions?: SessionVerifier) {
  return (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void => {
    let admitted: Promise<void> | undefined;
    try {
      admitted = admit(request, tokens, sessions);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (admitted === undefined) done();
    else admitted.then(() => done(), done);
  };
}

function admit(request: FastifyRequest, tokens: TokenVerifier, sessions?: SessionVerifier): Promise<void> | undefined {
  const { authorization: header, cookie } = request.headers;
  // A token that was sent is what counts: browsers add cookies by themselves, nobody adds a token by accident.
  if (header === undefined && cookie !== undefined) {
    const session = sessions?.verify(cookie) ?? null;
    if (session instanceof Promise) return session.then((identity) => admitPerson(request, identity));
    if (session !== null) {
      admitPerson(request, session);
      return undefined;
    }
  }
  const secret = header === undefined ? undefined : BEARER.exec(header)?.[1];
  if (secret === undefined) throw tokenError('token_missing', 'Sign in, or send a token: Authorization: Bearer lm_…');
  const token = tokens.verify(secret);
  if (token instanceof Promise) return token.then((identity) => admitToken(request, identity));
  admitToken(request, token);
  return undefined;
}

function admitToken(request: FastifyRequest, token: TokenIdentity): void {
  request.token = token;
  request.actor = {
    kind: 'token',
    id: token.tokenId,
    name: token.name,
    grants: [{ patterns: token.permissions, unitId: token.unitId, from: null }],
  };
}

function admitPerson(request: FastifyRequest, session: SessionIdentity): void {
  refuseForeignWrite(request);
  request.session = session;
  request.actor = { kind: 'staff', id: session.staffId, name: session.name };
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what changes something, carries cookies and was not sent by a page of this house (cross-site request forgery).
 * Browsers send Origin with every such request; it must name the host that was asked. Without it Sec-Fetch-Site must say
 * the same. Neither can be set by a page.
 *
 * @throws `csrf_refused`
 */
export function refuseForeignWrite(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') throw csrfRefused();
  if (origin === undefined ? site === 'same-origin' : host !== undefined && hostOf(origin) === host.toLowerCase())
    return;
  throw csrfRefused();
}

function csrfRefused(): Error {
  return httpError('csrf_refused', 'A change made with a session cookie must come from a page of this server');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** Whether a request comes from this machine itself and was not passed on by a proxy on it. */
export function isLoopback(request: FastifyRequest): boolean {
  const { headers } = request;
  if (
    headers['x-forwarded-for'] !== undefined ||
    headers.forwarded !== undefined ||
    headers['x-real-ip'] !== undefined
  ) {
    return false;
  }
  const address = request.socket.remoteAddress ?? '';
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
