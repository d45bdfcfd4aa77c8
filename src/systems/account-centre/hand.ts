import { currentContext } from '#kernel/context';
import type { Hand } from './service.ts';

/** Who sends a request, by name, and the reason given. */
export function handOf(request: { body: { reason?: string | undefined } | object }): Hand {
  const reason = 'reason' in request.body ? request.body.reason : undefined;
  return { actor: currentContext().actor.name, reason };
}
