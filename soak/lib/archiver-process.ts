/** `longmen backup` as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../scripts/runner.ts';

export interface ArchiverProcess {
  /** Resolves when it archives; rejects when it ends before. */
  readonly ready: Promise<void>;
  kill(): Promise<void>;
  /** Ends it in order: everything up to now is then archived. Rejects when it ends in any other way. */
  stop(): Promise<void>;
}

const program = join(root, 'bin/longmen.js');

/** Starts `longmen backup --follow` on a data folder. */
export function startArchiver(dataFolder: string, backupFolder: string): ArchiverProcess {
  const child = longmen(dataFolder, ['backup', '--to', backupFolder, '--follow']);
  let said = '';
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.includes('archiving to ')) resolve();
  });
  ended.then(() => reject(new Error(`longmen backup --follow has ended: ${said}`)));
  // Whoever kills it while it starts does not wait for it.
  ready.catch(() => undefined);
  return {
    ready,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      const code = await ended;
      if (code !== 0) throw new Error(`longmen backup --follow ended with ${code}: ${said}`);
    },
  };
}

/** Runs `longmen backup` once with more words, and gives its exit code; `killAfterMs` ends it before. */
export async function runBackup(
  dataFolder: string,
  backupFolder: string,
  words: readonly string[],
  killAfterMs?: number,
): Promise<number | null> {
  const child = longmen(dataFolder, ['backup', '--to', backupFolder, ...words]);
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearTimeout(timer);
  return code;
}

function longmen(dataFolder: string, words: readonly string[]): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !/^(LONGMEN_|DATABASE_URL$|NODE_TEST)/.test(name));
  return spawn(process.execPath, [program, ...words, '--data', dataFolder], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: Object.fromEntries(kept),
  });
}
