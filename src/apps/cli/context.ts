/** What a command works with: configuration, clock, log, database, output. Each is made when first asked for. */
import type { Clock } from '#kernel/clock';
import { systemClock } from '#kernel/clock';
import type { Config } from '#kernel/config';
import type { Database, DatabaseLog } from '#kernel/database';
import type { Log } from '#kernel/log';
import type { Output, TextStream } from './output.ts';
import { type Progress, progressBar } from './progress.ts';

/** The process around a command; tests give their own. */
export interface Surroundings {
  readonly stdout: TextStream;
  readonly stderr: NodeJS.WritableStream & TextStream;
  readonly env: NodeJS.ProcessEnv;
  /** Fires when the operator interrupts: SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Options every command takes. */
export interface GlobalOptions {
  readonly json: boolean;
  /** Data folder, in place of `LONGMEN_DATA`. */
  readonly data: string | undefined;
  /** Configuration file, in place of `LONGMEN_CONFIG`. */
  readonly config: string | undefined;
}

export interface Context {
  readonly output: Output;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where configuration comes from: the environment with `--data` and `--config` laid over it. */
  readonly env: NodeJS.ProcessEnv;
  config(): Promise<Config>;
  log(): Promise<Log>;
  /** The database with all migrations applied; closed when the command ends. `log` hears of the opening, if given. */
  database(log?: DatabaseLog): Promise<Database>;
  /** A progress bar, on a terminal only; removed when the command ends. */
  progress(): Progress['update'];
  /** For a command that runs until it is interrupted: resolves then. Such an interruption is a good end. */
  untilInterrupted(): Promise<void>;
  /** Runs when the command ends, in reverse order of asking. */
  onClose(close: () => Promise<void> | void): void;
}

/** A context, and the function that closes what it opened. */
export function createContext(
  surroundings: Surroundings,
  options: GlobalOptions,
  output: Output,
): { context: Context; isServing: () => boolean; close: () => Promise<void> } {
  const { signal, stderr } = surroundings;
  const env = { ...surroundings.env };
  if (options.data !== undefined) env.LONGMEN_DATA = options.data;
  if (options.config !== undefined) env.LONGMEN_CONFIG = options.config;
  const closers: (() => Promise<void> | void)[] = [];
  let serving = false;

  const config = once(async () => {
    const { loadConfig } = await import('#kernel/config');
    return loadConfig({ env });
  });
  const log = once(async () => {
    const { createLog } = await import('#kernel/log');
    const { logLevel } = await config();
    // A command that ends by itself speaks through its result; what its parts did is of interest only when asked for.
    return createLog(logLevel === 'info' && !env.LONGMEN_LOG_LEVEL ? 'warn' : logLevel);
  });
  const database = once(async (given?: DatabaseLog) => {
    const { openDatabase } = await import('#kernel/database');
    const opening = openDatabase(await config(), { log: given ?? (await log()) });
    // Registered before it is open, so that an interruption while it opens still closes it.
    closers.push(async () => (await opening.catch(() => undefined))?.close());
    return opening;
  });

  const context: Context = {
    output,
    clock: systemClock(),
    signal,
    env,
    config,
    log,
    database,
    progress() {
      const bar = progressBar({ visible: !options.json && stderr.isTTY === true, stream: stderr });
      closers.push(bar.stop);
      return bar.update;
    },
    untilInterrupted() {
      serving = true;
      return new Promise((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    onClose(close) {
      closers.push(close);
    },
  };
  return {
    context,
    isServing: () => serving,
    async close() {
      for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
    },
  };
}

function once<T, Parameters extends unknown[]>(make: (...parameters: Parameters) => Promise<T>) {
  let made: Promise<T> | undefined;
  return (...parameters: Parameters): Promise<T> => {
    made ??= make(...parameters);
    return made;
  };
}
