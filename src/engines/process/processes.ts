/** The process engines of a house, one for each book: made when first asked for, and worked for until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises';
import { listBooks } from '#kernel/events';
import { type Engine, type EngineOptions, openProcess } from './engine.ts';
import { runWorker, type WorkerOptions } from './worker.ts';

export type ProcessesOptions = Omit<EngineOptions, 'book'>;

export interface Processes {
  /** The engine of a book. Error: `book_not_found`. */
  of(book: string): Promise<Engine>;
  /** Works for every book, also for those that come later, until `signal` aborts. */
  run(signal: AbortSignal, options?: WorkerOptions): Promise<void>;
}

/** How often a new book is noticed. */
const BOOK_INTERVAL_MS = 5_000;

export function openProcesses(options: ProcessesOptions): Processes {
  const { db, log } = options;
  const engines = new Map<string, Engine>();

  const of = async (book: string) => {
    const engine = engines.get(book) ?? (await openProcess({ ...options, book }));
    engines.set(book, engine);
    return engine;
  };

  return {
    of,
    async run(signal, workerOptions) {
      const workers = new Map<string, Promise<void>>();
      while (!signal.aborted) {
        try {
          for (const { code } of await listBooks(db)) {
            if (workers.has(code)) continue;
            workers.set(code, runWorker(await of(code), signal, workerOptions));
          }
        } catch (error) {
          log?.warn({ err: error }, 'books could not be listed; it will be tried again');
        }
        await sleep(BOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      }
      await Promise.all(workers.values());
    },
  };
}
