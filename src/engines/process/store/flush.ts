/** The end of a unit: everything its steps made is written, the book's log last. */
import { appendEvents } from '#kernel/events';
import { newId } from '#kernel/ids';
import { correlate } from './correlate.ts';
import { lockCalled } from './instances.ts';
import { unbegun } from './rows.ts';
import type { Unit } from './unit.ts';
import { clearEnded, writeAll } from './write.ts';

/** Writes everything. Nothing may be run on the unit afterwards. */
export async function flush(unit: Unit): Promise<void> {
  const { tx, engine, events } = unit;
  await cancelCalled(unit);
  await clearEnded(unit);
  await startCalled(unit);
  await correlate(unit);
  await writeAll(unit);
  if (events.length > 0) await appendEvents(tx, engine.bookId, engine.clock, events);
}

/**
 * Cancels the instances whose caller does not want them any more, and what they have called, in this transaction. One that
 * somebody else has in hand is cancelled next, as work of its own: waiting for it could wait for ever.
 */
async function cancelCalled(unit: Unit): Promise<void> {
  for (let from = 0; from < unit.withdrawnCalls.length; ) {
    const withdrawn = unit.withdrawnCalls.slice(from);
    from = unit.withdrawnCalls.length;
    const isWithdrawn = (parentId: string | null, token: number | null) =>
      withdrawn.some((one) => one.parentId === parentId && one.token === token);
    unit.calls = unit.calls.filter(({ parent, token }) => !isWithdrawn(parent.instanceId, token));
    await lockCalled(unit, withdrawn);
    for (const live of [...unit.lives.values()]) {
      const open = live.status === 'running' || live.status === 'suspended';
      if (open && isWithdrawn(live.parentId, live.parentToken)) unit.run(live, { kind: 'cancel' });
    }
  }
}

/** Makes the instances of call activities; they begin as work of their own. */
async function startCalled(unit: Unit): Promise<void> {
  const { engine, tx } = unit;
  for (const { parent, token, process, version, variables } of unit.calls) {
    if (parent.status !== 'running' && parent.status !== 'suspended') continue;
    const deployed = await engine.definitions.find(tx, process, version).catch((error: unknown) => {
      unit.addWork(parent, `fail:${token}`, 'fail', unit.now_ms, token, {
        code: 'called_process_missing',
        detail: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    });
    if (deployed === undefined) continue;
    const { instanceId: parentId, businessKey } = parent;
    const live = unit.create(
      { instanceId: newId(engine.clock), businessKey, parentId, parentToken: token, state: unbegun() },
      deployed,
    );
    unit.addWork(live, 'start', 'start', unit.now_ms, null, { trigger: null, variables, payload: null });
  }
}
