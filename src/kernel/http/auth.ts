import type { FastifyRequest } from 'fastify';
import { type TokenIdentity, type TokenVerifier, tokenError } from '#kernel/tokens';

const BEARER = /^bearer +([^ ]+) *$/i;

/**
 * Makes the hook that lets only bearers of a valid token through (RFC 6750) and notes whose it is in `request.token`.
 * A token seen in the last seconds costs no promise.
 */
export function authentication(tokens: TokenVerifier) {
  return (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void => {
    const header = request.headers.authorization;
    const secret = header === undefined ? undefined : BEARER.exec(header)?.[1];
    if (secret === undefined) {
      done(tokenError('token_missing', 'Send a token: Authorization: Bearer lm_…'));
      return;
    }
    let verified: ReturnType<TokenVerifier['verify']>;
    try {
      verified = tokens.verify(secret);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (verified instanceof Promise) {
      verified.then((identity) => {
        letIn(request, identity);
        done();
      }, done);
      return;
    }
    letIn(request, verified);
    done();
  };
}

function letIn(request: FastifyRequest, token: TokenIdentity): void {
  request.token = token;
  request.principal = {
    actor: { kind: 'token', id: token.tokenId, name: token.name },
    grants: [{ patterns: token.permissions, unitId: token.unitId, from: null }],
  };
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
