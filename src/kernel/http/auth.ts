import type { FastifyRequest } from 'fastify';
import { type TokenIdentity, type TokenVerifier, tokenError } from '#kernel/tokens';
import { httpError } from './errors.ts';
import type { SessionIdentity, SessionVerifier } from './types.ts';

const BEARER = /^bearer +([^ ]+) *$/i;

/**
 * Makes the hook that lets only bearers of a valid token (RFC 6750) or a person's session through, and notes who it is in
 * `request.principal`, `request.token` and `request.session`. A token or session seen in the last seconds costs no promise.
 */
export function authentication(tokens: TokenVerifier, sessions?: SessionVerifier) {
  return (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void => {
    try {
      const { authorization: header, cookie } = request.headers;
      // A token that was sent is what counts: browsers add cookies by themselves, nobody adds a token by accident.
      if (header === undefined && cookie !== undefined && sessions !== undefined) {
        const session = sessions.verify(cookie);
        if (session !== null) {
          settle(session, (identity) => admitPerson(request, identity), done);
          return;
        }
      }
      const secret = header === undefined ? undefined : BEARER.exec(header)?.[1];
      if (secret === undefined) throw missing();
      settle(tokens.verify(secret), (identity) => admitToken(request, identity), done);
    } catch (error) {
      done(error as Error);
    }
  };
}

function settle<T extends object>(
  value: T | Promise<T>,
  admit: (value: T) => void,
  done: (error?: Error) => void,
): void {
  if (value instanceof Promise) {
    value.then(admit).then(() => done(), done);
    return;
  }
  admit(value);
  done();
}

function missing(): Error {
  return tokenError('token_missing', 'Sign in, or send a token: Authorization: Bearer lm_…');
}

function admitToken(request: FastifyRequest, token: TokenIdentity): void {
  request.token = token;
  request.principal = {
    actor: { kind: 'token', id: token.tokenId, name: token.name },
    grants: [{ patterns: token.permissions, unitId: token.unitId, from: null }],
  };
}

function admitPerson(request: FastifyRequest, session: SessionIdentity): void {
  refuseForeignWrite(request);
  request.session = session;
  request.principal = { actor: { kind: 'staff', id: session.staffId, name: session.name } };
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
