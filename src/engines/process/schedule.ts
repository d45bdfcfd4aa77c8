/** Start timers of deployed processes, and what has to be cleared away. */

import type { Repeat } from './core/state.ts';
import { nextDue } from './core/timers.ts';
import type { Engine } from './engine.ts';
import { startAt } from './store/correlate.ts';
import { flush } from './store/flush.ts';
import { instantOf } from './store/rows.ts';
import { Unit } from './store/unit.ts';

interface DueStart {
  readonly processKey: string;
  readonly node: string;
  readonly definitionId: string;
  readonly dueAt: string;
  readonly repeat: Repeat | null;
}

/** Starts what start timers are due for, in due order; each missed firing of a cycle is one instance. */
export async function fireStartTimers(
  engine: Engine,
  onBoundary: (boundary: 'taken' | 'written' | 'committed') => void = () => undefined,
): Promise<number> {
  const now = instantOf(engine.clock.now().epochMilliseconds);
  const query = `select process_key as "processKey", node, definition_id as "definitionId", due_at as "dueAt", repeat
       from process.start_event where book_id = $1 and due_at <= $2 order by due_at limit 100`;
  const { rows: seen } = await engine.db.query(query, [engine.bookId, now], { prepare: true });
  if (seen.length === 0) return 0;
  const fired = await engine.db.transaction(async (tx) => {
    const { rows } = await tx.query<DueStart>(`${query} for update skip locked`, [engine.bookId, now]);
    onBoundary('taken');
    const unit = new Unit(engine, tx);
    for (const row of rows) {
      await startAt(unit, row.definitionId, row.node, {});
      const next = row.repeat === null ? null : nextDue(Date.parse(row.dueAt), row.repeat, engine.timeZone);
      await tx.query(
        `update process.start_event set due_at = $4, repeat = $5
          where book_id = $1 and process_key = $2 and node = $3`,
        [
          engine.bookId,
          row.processKey,
          row.node,
          next === null ? null : instantOf(next.due_ms),
          next?.repeat ? JSON.stringify(next.repeat) : null,
        ],
      );
    }
    await flush(unit);
    onBoundary('written');
    return rows.length;
  });
  onBoundary('committed');
  return fired;
}

/** Deletes messages that have expired. */
export async function purgeMessages(engine: Engine): Promise<void> {
  await engine.db.query(`delete from process.message where book_id = $1 and expires_at <= $2`, [
    engine.bookId,
    instantOf(engine.clock.now().epochMilliseconds),
  ]);
}
