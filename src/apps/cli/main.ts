/** What `bin/longmen.js` starts: hands the process to {@link runCli}. */
import { runCli } from './program.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first asks politely; whoever asks twice means it.
    if (interruption.signal.aborted) process.exit(1);
    interruption.abort(signal);
  });
}
// The reader of a pipe such as `longmen … | head` may leave before the end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 1 : 2));

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  signal: interruption.signal,
});
// What was interrupted may still be waiting for something; its database is closed and nobody wants its result.
if (interruption.signal.aborted) process.exit();
