/**
 * A process of its own that works on request, so that a load and what is loaded do not share an event loop. Requests
 * and answers travel over the channel Node opens to a forked process; a worker does one thing at a time.
 */
import { type ChildProcess, fork } from 'node:child_process';

/** What a worker can do: for each name what goes in and what comes out, both plain JSON. */
export type Work = Readonly<Record<string, { readonly input: unknown; readonly output: unknown }>>;

export interface Worker<W extends Work> {
  /** @throws Error when the work failed or the process ended. */
  ask<Name extends keyof W & string>(name: Name, input: W[Name]['input']): Promise<W[Name]['output']>;
  /** Ends the process and waits for it. */
  stop(): Promise<void>;
}

type Handlers<W extends Work> = { readonly [Name in keyof W]: (input: W[Name]['input']) => Promise<W[Name]['output']> };

interface Question {
  readonly name: string;
  readonly input: unknown;
}

type Answer = { readonly output: unknown } | { readonly failure: string };

/** Starts `file` as a worker; it must call {@link serve}. What it prints goes to standard error. */
export function startWorker<W extends Work>(file: URL): Worker<W> {
  const child: ChildProcess = fork(file, { stdio: ['ignore', 2, 2, 'ipc'] });
  const ended = new Promise<void>((done) => child.once('exit', () => done()).once('error', () => done()));
  return {
    async ask<Name extends keyof W & string>(name: Name, input: W[Name]['input']): Promise<W[Name]['output']> {
      const question: Question = { name, input };
      const answer = await new Promise<Answer>((done) => {
        child.once('message', (message) => done(message as Answer));
        void ended.then(() => done({ failure: 'the process ended' }));
        if (child.connected) child.send(question);
      });
      if ('failure' in answer) throw new Error(`${name}: ${answer.failure}`);
      return answer.output as W[Name]['output'];
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}

/** Answers the requests of the process that started this one, and ends with it. */
export function serve<W extends Work>(handlers: Handlers<W>): void {
  process.on('message', (message) => {
    const { name, input } = message as Question;
    const handler = handlers[name];
    const work = handler === undefined ? Promise.reject(new Error('this worker knows no such work')) : handler(input);
    work
      .then((output): Answer => ({ output }))
      .catch((error: unknown): Answer => ({ failure: error instanceof Error ? error.message : String(error) }))
      .then((answer) => process.send?.(answer));
  });
  process.on('disconnect', () => process.exit(1));
}
