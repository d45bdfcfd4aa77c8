import cliProgress from 'cli-progress';

/** A bar for long work. `update` may be called as often as the work likes: it draws at most ten times a second. */
export interface Progress {
  /** `total` 0: how much it will be is not known; then only a count is shown. */
  readonly update: (done: number, total: number, what?: string) => void;
  readonly stop: () => void;
}

/**
 * A progress bar on `stream` when `visible`, else nothing at all: a log file or a pipe wants no bar.
 * The bar appears with the first update.
 */
export function progressBar(options: { visible: boolean; stream: NodeJS.WritableStream }): Progress {
  if (!options.visible) return { update() {}, stop() {} };
  const bar = new cliProgress.SingleBar({
    format: (settings, { value, total, progress, eta }, { what }: { what: string }) =>
      total > 0
        ? `${what} [${cliProgress.Format.BarFormat(progress, settings)}] ${Math.floor(progress * 100)}% ${value}/${total}, ${eta} s left`
        : `${what} ${value}`,
    stream: options.stream,
    hideCursor: true,
    clearOnComplete: true,
    fps: 10,
    gracefulExit: false,
  });
  let started = false;
  return {
    update(done, total, what = '') {
      if (!started) bar.start(total, done, { what });
      started = true;
      bar.setTotal(total);
      bar.update(done, { what });
    },
    stop() {
      if (started) bar.stop();
      started = false;
    },
  };
}
