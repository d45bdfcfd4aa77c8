import type { Hand } from './service.ts';

/** Who sends a request, by the name of the token, and the reason given. */
export function handOf(request: {
  token: { name: string } | null;
  body: { reason?: string | undefined } | object;
}): Hand {
  const reason = 'reason' in request.body ? request.body.reason : undefined;
  return { actor: request.token?.name ?? '', reason };
}
