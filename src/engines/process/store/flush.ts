/** The end of a unit: everything its steps made is written, the book's log last. */
import { appendEvents } from '#kernel/events';
import { newId } from '#kernel/ids';
import { correlate } from './correlate.ts';
import { unbegun } from './rows.ts';
import type { Unit } from './unit.ts';
import { clearEnded, writeAll } from './write.ts';

/** Writes everything. Nothing may be run on the unit afterwards. */
export async function flush(unit: Unit): Promise<void> {
  const { tx, engine, events } = unit;
  await clearEnded(unit);
  await startCalled(unit);
  await correlate(unit);
  await writeAll(unit);
  if (events.length > 0) await appendEvents(tx, engine.bookId, engine.clock, events);
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
