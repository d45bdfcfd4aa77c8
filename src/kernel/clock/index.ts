/**
 * The one injectable clock. Business code takes a {@link Clock}; nothing below the doors calls `Date.now()` or SQL
 * `now()`, so that a day can be simulated, replayed and tested.
 */
import { Temporal } from 'temporal-polyfill';

export interface Clock {
  /** The present instant, UTC, at least millisecond resolution, never running backwards within one process. */
  now(): Temporal.Instant;
}

/** The machine's clock. It never runs backwards: when the machine's does, the last instant is given again. */
export function systemClock(): Clock {
  let last = Temporal.Now.instant();
  return {
    now() {
      const present = Temporal.Now.instant();
      if (Temporal.Instant.compare(present, last) > 0) last = present;
      return last;
    },
  };
}

/** A clock that stands still until it is moved; for tests, simulations and replays. */
export interface ManualClock extends Clock {
  /** Moves the clock to `instant` (ISO 8601 text or an Instant); moving backwards is allowed here only. */
  set(instant: string | Temporal.Instant): void;
  /** Moves the clock forward by a duration such as `{ hours: 1 }` or `'PT1H'`. */
  advance(duration: Temporal.DurationLike | string): void;
}

export function manualClock(start: string | Temporal.Instant): ManualClock {
  let present = Temporal.Instant.from(start);
  return {
    now: () => present,
    set(instant) {
      present = Temporal.Instant.from(instant);
    },
    advance(duration) {
      present = present.add(duration);
    },
  };
}
