/** The simulated institution: a believable bank with a hidden truth. See README.md. */
export { type Counts, type SimulateOptions, simulate } from './bank.ts';
export type { Alert, Evaluation, Truth } from './evaluate/evaluate.ts';
export { evaluate } from './evaluate/evaluate.ts';
export { evaluateFiles } from './evaluate/files.ts';
export type { FitLine } from './fit/fit.ts';
export { fitPlot } from './fit/plot.ts';
export {
  defaultParameters,
  loadParameters,
  loadTypologies,
  type Parameters,
  type Typology,
} from './parameters/load.ts';
export { type PostDeps, SIMULATED_NAME } from './post.ts';
export { type FilesOptions, simulateFit, simulateToBook, simulateToFiles, sizedFor } from './service.ts';
export type { Format } from './write/record-writer.ts';
