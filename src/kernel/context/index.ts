/**
 * Who is acting at this moment, and what that actor may see. The HTTP door enters a context right before a handler; all
 * that runs outside a request (lanes, workers, commands of the operator) is the house itself, which sees everything.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** A person, a machine with a token, or the house itself. */
export interface Actor {
  readonly kind: 'staff' | 'token' | 'system';
  /** UUID; the nil UUID for the system. */
  readonly id: string;
  readonly name: string;
  /** What came with a token; a person's are looked up. */
  readonly grants?: readonly Grant[];
}

/** Permissions held in a unit and all below it. */
export interface Grant {
  /** Permissions `resource:action`, or patterns of them. */
  readonly patterns: readonly string[];
  readonly unitId: number;
  /** The colleague whose right it is; null when it is the actor's own. */
  readonly from: Actor | null;
}

/** The units whose rows may be seen, or everything. Units are those of the organisation tree, with all below. */
export type Visibility = 'all' | readonly number[];

export interface Context {
  readonly actor: Actor;
  /** Whose right is used when it is not the actor's own: the colleague who delegated it. */
  readonly onBehalfOf: Actor | null;
  readonly visibility: Visibility;
  /** What the request needed to be allowed; null outside requests. */
  readonly permission: string | null;
  readonly traceId: string | null;
  /** Network address of the caller. */
  readonly address: string | null;
  /** The approval that this work carries out. */
  readonly approvalId: string | null;
}

export const systemActor: Actor = { kind: 'system', id: '00000000-0000-0000-0000-000000000000', name: 'system' };

const systemContext: Context = {
  actor: systemActor,
  onBehalfOf: null,
  visibility: 'all',
  permission: null,
  traceId: null,
  address: null,
  approvalId: null,
};

const storage = new AsyncLocalStorage<Context>();

/** The context of the running work; outside a request that of the system. */
export function currentContext(): Context {
  return storage.getStore() ?? systemContext;
}

/** Runs `work`, and all that it starts, in a context. */
export function withContext<T>(context: Context, work: () => T): T {
  return storage.run(context, work);
}

/**
 * The unit that something new belongs to unless another is named: the topmost one that the request sees; null when it
 * sees everything. Units are numbered as they are made, and none is made before the one above it.
 */
export function ownUnit(): number | null {
  const { visibility } = currentContext();
  return visibility === 'all' ? null : (visibility[0] ?? null);
}

/**
 * Runs `work` with everything visible, in the name of the same actor: for what the house needs to know inside a
 * request (the counter-account of a payment, a key of its own). Whoever calls this has checked that the actor may ask.
 */
export function asSystem<T>(work: () => T): T {
  const context = currentContext();
  return context.visibility === 'all' ? work() : storage.run({ ...context, visibility: 'all' }, work);
}

/** Runs `work` as the house itself, in nobody's name: for what merely happens to begin within a request. */
export function detached<T>(work: () => T): T {
  return storage.run(systemContext, work);
}
