/** The baseline: `bpmn-engine` runs the same process in memory, with nothing durable. */
import { EventEmitter } from 'node:events';
import { callsElsewhere } from './models.ts';

interface OtherEngine {
  execute(options: object): Promise<{ waitFor(name: string): Promise<unknown> }>;
}

/** Runs of the process a second; undefined when the package is not installed. */
export async function runsPerSecond(runs: number): Promise<number | undefined> {
  const name = 'bpmn-engine';
  const loaded = (await import(name).catch(() => undefined)) as
    | { Engine: new (options: object) => OtherEngine }
    | undefined;
  if (loaded === undefined) return undefined;
  const { Engine } = loaded;
  // One engine for all runs: it reads the document once, as ours does.
  const engine = new Engine({ name: 'calls', source: callsElsewhere });
  const services = { f: (_scope: unknown, next: (error: null, result: object) => void) => next(null, {}) };
  const once = async (n: number) => {
    const execution = await engine.execute({ listener: new EventEmitter(), services, variables: { n } });
    const { state } = execution as unknown as { state: string };
    if (state !== 'idle') await execution.waitFor('end');
  };
  for (let warm = 0; warm < runs / 5; warm++) await once(warm);
  const started_ms = performance.now();
  for (let index = 0; index < runs; index++) await once(index);
  return runs / ((performance.now() - started_ms) / 1000);
}
