/** Imports: whole books and files of transfers from outside. See README.md. */
export { type BerkaClient, type BerkaRight, berkaClients, berkaRights } from './berka/clients.ts';
export { type BerkaOptions, type BerkaResult, importBerka } from './berka/service.ts';
export type { ImportDeps, OnProgress, Progress } from './model.ts';
export {
  importTransfers,
  REFUSALS_LISTED,
  type Refusal,
  type TransfersOptions,
  type TransfersResult,
} from './transfers/service.ts';
