/**
 * How a consumer learns of new events: it polls, and writers in the same process wake it.
 *
 * Not LISTEN/NOTIFY: a transaction that has notified takes one lock of the whole database server at its commit and
 * keeps it through the flush to disk, so that all such commits run one after another and share no flush. That would
 * put every book, which must be able to post side by side, into one queue, and would hold the writer up on behalf of
 * the reader. A poll is one look at two rows by primary key; idle consumers do it five times a second.
 */
import { EventEmitter } from 'node:events';

const wakes = new EventEmitter().setMaxListeners(0);

/** Tells the consumers of a book in this process that something was committed. Call it after the commit, not before. */
export function wakeConsumers(bookId: number): void {
  wakes.emit(String(bookId));
}

export interface Sleeper {
  /** Sleeps until the time is over, a wake-up comes, or the signal aborts. A wake-up since the last sleep counts. */
  sleep(duration_ms: number): Promise<void>;
  /** Sleeps until the time is over or the signal aborts; wake-ups do not shorten it. */
  pause(duration_ms: number): Promise<void>;
  close(): void;
}

/** A sleeper for one loop over one book. Wake-ups that come while it is awake are kept, so none is lost. */
export function bookSleeper(bookId: number, signal: AbortSignal): Sleeper {
  let woken = false;
  let cut: { readonly byWake: boolean; readonly end: () => void } | undefined;
  const onWake = () => {
    woken = true;
    if (cut?.byWake) cut.end();
  };
  const onAbort = () => cut?.end();
  wakes.on(String(bookId), onWake);
  signal.addEventListener('abort', onAbort);

  async function rest(duration_ms: number, byWake: boolean): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, duration_ms);
      cut = {
        byWake,
        end: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
    cut = undefined;
  }

  return {
    async sleep(duration_ms) {
      if (!woken) await rest(duration_ms, true);
      woken = false;
    },
    pause: (duration_ms) => rest(duration_ms, false),
    close() {
      wakes.off(String(bookId), onWake);
      signal.removeEventListener('abort', onAbort);
    },
  };
}
