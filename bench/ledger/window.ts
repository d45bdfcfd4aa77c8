/** From answers to a rate: what was answered between two answers, over the time between them. */

export interface WindowOptions {
  /** Answers of this long after the start are not counted: connections open, files and caches fill. */
  readonly warmupMs: number;
  readonly windowMs: number;
  /** The window stays open until it has seen so many answers, so that large batches do not make it a lottery. */
  readonly leastAnswers: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/**
 * The window opens with the last answer of the warm-up and closes with its own last answer. The load goes on before
 * and after, so both ends are alike: neither filling nor draining is measured, and an answer half done at the one end
 * is made up for at the other.
 */
export class Window {
  private readonly options: WindowOptions;
  private readonly now: () => number;
  private readonly startedMs: number;
  private opened: { readonly atMs: number; readonly total: number };
  private last: { readonly atMs: number; readonly total: number };
  private answers = 0;
  private total = 0;
  /** True when nothing more is counted and the load may end. */
  closed = false;

  constructor(options: WindowOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.startedMs = this.now();
    this.opened = { atMs: this.startedMs, total: 0 };
    this.last = this.opened;
  }

  /** One answer has come, to `count` transfers. */
  answered(count: number): void {
    if (this.closed) return;
    const atMs = this.now();
    const { warmupMs, windowMs, leastAnswers } = this.options;
    const elapsedMs = atMs - this.startedMs;
    if (elapsedMs >= warmupMs + windowMs && this.answers >= leastAnswers) {
      this.closed = true;
      return;
    }
    this.total += count;
    this.last = { atMs, total: this.total };
    if (elapsedMs < warmupMs) this.opened = this.last;
    else this.answers++;
  }

  /** Transfers per second. @throws Error when nothing was answered in the window. */
  perSecond(): number {
    const seconds = (this.last.atMs - this.opened.atMs) / 1000;
    if (seconds <= 0) throw new Error('nothing was answered in the measured time');
    return (this.last.total - this.opened.total) / seconds;
  }
}
