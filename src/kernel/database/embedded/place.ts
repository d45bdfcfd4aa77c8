/** Everything that starting, making and stopping the server of one data folder needs to know. */
import type { DatabaseLog } from '../interface.ts';
import type { Runner } from './privileges.ts';
import type { Programs } from './programs.ts';
import type { Secrets } from './secrets.ts';

export interface Place {
  /** The data folder, absolute. */
  readonly folder: string;
  /** The database files in it. */
  readonly files: string;
  readonly programs: Programs;
  readonly runner: Runner;
  /** False gives up durability for speed: for throw-away data only. */
  readonly durable: boolean;
  readonly log: DatabaseLog | undefined;
  readonly secrets: Secrets;
}

/** The server gets no settings of ours or of other PostgreSQL clients, and no language but English in its log. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|LONGMEN_|DATABASE_URL)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
