/** The process engines of a house, one for each book. */
import { type Engine, type EngineOptions, openProcess } from './engine.ts';

export type ProcessesOptions = Omit<EngineOptions, 'book'>;

export interface Processes {
  /** The engine of a book, made when first asked for. Error: `book_not_found`. */
  of(book: string): Promise<Engine>;
}

export function openProcesses(options: ProcessesOptions): Processes {
  const engines = new Map<string, Engine>();
  return {
    async of(book) {
      const engine = engines.get(book) ?? (await openProcess({ ...options, book }));
      engines.set(book, engine);
      return engine;
    },
  };
}
