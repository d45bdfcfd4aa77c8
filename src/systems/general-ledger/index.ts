/** The general ledger (总账): chart of accounts, periods, year end, suspense. See README.md. */
export { type ChartEntry, type ChartInput, type Element, elements, type Mark, marks } from './chart/model.ts';
export { type ChartState, chartOf, chartState } from './chart/queries.ts';
