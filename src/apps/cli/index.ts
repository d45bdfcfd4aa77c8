/** The `longmen` command for others: the runners and the tests. */
export type { Surroundings } from './context.ts';
export { jsonText, table } from './output.ts';
export { runCli } from './program.ts';
export { type Progress, progressBar } from './progress.ts';
