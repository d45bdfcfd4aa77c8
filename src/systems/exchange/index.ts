/** Currency exchange through position accounts. See README.md. */
export { exchangeErrorCodes } from './errors.ts';
export { importRates, type RatesResult } from './load.ts';
export type { PositionLine, PositionsReport, RevaluationResult } from './positions.ts';
export { type DeskAccounts, deskAccounts } from './postings.ts';
export type { QuoteRequest } from './pricing.ts';
export { closingRate, meanRate, type PublishedPair } from './published.ts';
export type { Rate } from './rates.ts';
export { exchangeRoutes } from './routes.ts';
export { type DealRequest, type Dealt, type Exchange, type ExchangeDeps, openExchange } from './service.ts';
export type { Deal, Desk, Quote, Revaluation } from './store.ts';
