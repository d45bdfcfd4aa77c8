/** The general ledger (总账): chart of accounts, periods, year end, suspense. See README.md. */
export { type ChartEntry, type ChartInput, type Element, elements, type Mark, marks } from './chart/model.ts';
export { type ChartState, chartOf, chartState } from './chart/queries.ts';
export {
  type AccountOutside,
  accountsOutsideChart,
  CHART_DIMENSION,
  type ChartResult,
  installChart,
  loadChart,
  readChartFile,
  type StandardChart,
  standardChart,
  standardCharts,
} from './chart/service.ts';
export { chartEntryJson, periodJson, periodResultJson } from './json.ts';
export type { GeneralLedgerDeps, Hand, Intention } from './model.ts';
export { type Period, type PeriodCheck, type PeriodState, parsePeriod } from './periods/model.ts';
export {
  adjustmentsOf,
  listPeriods,
  type PeriodAction,
  type PeriodStatus,
  periodActions,
  periodStatus,
} from './periods/queries.ts';
export {
  type CloseOptions,
  closePeriod,
  type PeriodResult,
  periodChecks,
  reopenPeriod,
  sealPeriod,
} from './periods/service.ts';
export { generalLedgerRoutes } from './routes.ts';
export { type AgeingRule, defaultAgeingRule } from './suspense/model.ts';
export {
  type SuspenseItem,
  type SuspenseItems,
  type SuspenseLine,
  type SuspenseMatch,
  suspenseAccounts,
  suspenseItems,
  suspenseMatches,
  suspenseReport,
} from './suspense/queries.ts';
export {
  type MatchInput,
  markSuspenseAccount,
  matchSuspense,
  setAgeingRule,
  undoSuspenseMatch,
} from './suspense/service.ts';
export { YEAR_END_TYPE } from './year-end/model.ts';
export { readYearEnd, type YearEnd, type YearEndTotal, yearEndTotals } from './year-end/queries.ts';
export { makeYearEnd, type YearEndOptions, type YearEndResult } from './year-end/service.ts';
