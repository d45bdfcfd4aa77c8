/** Legal entities with several books: routing, transfers between books, reports over all of them. See README.md. */
export type { AccountPlace } from './directory.ts';
export { entityBooks, entityOfBook, listEntities, readEntity } from './entities.ts';
export { type InTransitFinding, type InTransitReport, inTransitReport, verifyInTransit } from './in-transit.ts';
export { bookJson, entityJson, inTransitJson, trialBalanceJson } from './json.ts';
export {
  DEFAULT_ENTITY,
  type Entity,
  type EntityBook,
  type EntityInput,
  type EntityOutcome,
  type EntityTransfer,
  type EntityTransferInput,
  IN_TRANSIT_CODE,
} from './model.ts';
export { type EntityTrialBalance, entityTrialBalance, type InTransitLine } from './reports.ts';
export { entityRoutes } from './routes.ts';
export { type Books, type BooksOptions, openBooks } from './service.ts';
