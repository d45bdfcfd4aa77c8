/** In whose name a request acts. */
import type { FastifyRequest } from 'fastify';
import type { Actor } from './engine.ts';

interface Acting {
  readonly token: FastifyRequest['token'];
  readonly body: { readonly actor?: { readonly id: string; readonly roles: string[] } | undefined };
}

/** The person a request names, through its token, else the token itself. */
export function actorOf({ token, body }: Acting): Actor {
  const name = token?.name ?? 'unknown';
  return body.actor === undefined ? { id: name } : { ...body.actor, via: name };
}
