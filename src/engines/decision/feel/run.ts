/** One evaluation under way: its limits, its clock and what it has to say about values that became null. */
import { decisionError } from '../errors.ts';
import type { PathStep } from './path.ts';

/** Bounds of one evaluation, all chosen by the caller. */
export interface Limits {
  /** Loop turns, calls, list elements and characters produced. */
  readonly steps: number;
  /** Nested calls of user-defined functions, models and decisions. */
  readonly depth: number;
  /** Elements of one list or characters of one string. */
  readonly size: number;
  /** Wall time; checked every few hundred steps. Infinity: not checked. */
  readonly milliseconds: number;
}

export const DEFAULT_LIMITS: Limits = { steps: 10_000_000, depth: 256, size: 1_000_000, milliseconds: 5_000 };

/** Something that turned a value into null, or that a reader of the result should know. */
export interface Message {
  readonly code: string;
  readonly detail: string;
  /** The expression and the place in it, when known. */
  readonly text?: string;
  readonly start?: number;
  readonly end?: number;
  /** The model element being evaluated. */
  readonly element?: string;
}

export interface Place {
  readonly start: number;
  readonly end: number;
  readonly text?: string;
}

const MESSAGE_LIMIT = 50;
const TRACE_LIMIT = 1000;
const CHECK_INTERVAL = 1024;

/** The instant an evaluation sees, as nanoseconds since the epoch and the zone `now()` is expressed in. */
export interface Moment {
  readonly epochMilliseconds: number;
  readonly zone: string;
}

export class Run {
  readonly limits: Limits;
  readonly moment: () => Moment;
  readonly messages: Message[] = [];
  /** What the decision tables did, in words only when somebody asks. */
  readonly traces: (() => PathStep)[] = [];
  element: string | undefined;
  steps = 0;
  depth = 0;
  private nextCheck = CHECK_INTERVAL;
  private readonly started_ms: number;

  constructor(limits: Limits, moment: () => Moment) {
    this.limits = limits;
    this.moment = moment;
    this.started_ms = limits.milliseconds === Infinity ? 0 : performance.now();
  }

  /** Counts work. Throws `decision_steps_exceeded` or `decision_time_exceeded`. */
  charge(steps: number): void {
    this.steps += steps;
    if (this.steps < this.nextCheck) return;
    this.nextCheck = this.steps + CHECK_INTERVAL;
    if (this.steps > this.limits.steps) {
      throw decisionError('decision_steps_exceeded', `More than ${this.limits.steps} steps`, {
        limit: this.limits.steps,
      });
    }
    if (this.limits.milliseconds !== Infinity && performance.now() - this.started_ms > this.limits.milliseconds) {
      throw decisionError('decision_time_exceeded', `More than ${this.limits.milliseconds} ms`, {
        limit_ms: this.limits.milliseconds,
      });
    }
  }

  /** Counts the making of a list or string of this length. Throws `decision_size_exceeded` as well. */
  produce(size: number): void {
    if (size > this.limits.size) {
      throw decisionError('decision_size_exceeded', `A value of ${size} elements or characters`, {
        limit: this.limits.size,
      });
    }
    this.charge(size);
  }

  enter(): void {
    this.depth += 1;
    this.charge(1);
    if (this.depth > this.limits.depth) {
      throw decisionError('decision_depth_exceeded', `More than ${this.limits.depth} nested calls`, {
        limit: this.limits.depth,
      });
    }
  }

  leave(): void {
    this.depth -= 1;
  }

  /** Notes what a decision table did. Only the first few are kept. */
  trace(step: () => PathStep): void {
    if (this.traces.length < TRACE_LIMIT) this.traces.push(step);
  }

  /** Notes why a value became null; returns null so that callers can return it. Only the first few are kept. */
  report(code: string, detail: string, place?: Place): null {
    if (this.messages.length < MESSAGE_LIMIT) {
      this.messages.push({
        code,
        detail,
        ...(place?.text === undefined ? {} : { text: place.text, start: place.start, end: place.end }),
        ...(this.element === undefined ? {} : { element: this.element }),
      });
    }
    return null;
  }
}
