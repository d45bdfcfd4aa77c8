/** Legal entities with several books: routing, transfers between books, reports over all of them. See README.md. */
export { entityBooks, entityOfBook, listEntities, readEntity } from './entities.ts';
export { DEFAULT_ENTITY, type Entity, type EntityBook, IN_TRANSIT_CODE } from './model.ts';
export { type EntityTrialBalance, entityTrialBalance, type InTransitLine } from './reports.ts';
