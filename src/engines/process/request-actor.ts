/** In whose name a request acts. */
import { refused } from '#kernel/access';
import { currentContext } from '#kernel/context';
import type { Actor } from './engine.ts';

interface Acting {
  readonly body: { readonly actor?: { readonly id: string; readonly roles: string[] } | undefined };
}

/**
 * A machine names the person it speaks for, or acts itself; a person acts as nobody else.
 *
 * @throws `permission_missing`
 */
export function actorOf({ body }: Acting): Actor {
  const { kind, id, name } = currentContext().actor;
  // Names of people are not unique; those of machines are what process models were written with.
  if (body.actor === undefined) return { id: kind === 'staff' ? id : name };
  if (kind === 'staff') throw refused('process.task:act_for');
  return { ...body.actor, via: name };
}
