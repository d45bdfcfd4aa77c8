/** Reports (财务报表): balance sheet, income statement, movements, trial balance, consolidation. See README.md. */
export { type Consolidation, consolidationSchema, readConsolidation } from './consolidation.ts';
export {
  addDefinition,
  checkLayoutOfBook,
  type Definition,
  findLayout,
  listDefinitions,
  shippedLayouts,
} from './definitions.ts';
export { gridJson } from './json.ts';
export { type CompiledLayout, checkAgainstChart, type LayoutProblem, layoutSchema, readLayout } from './layout.ts';
export {
  type Check,
  type Column,
  type Grid,
  type Place,
  type ReportKind,
  type Row,
  reportError,
  reportKinds,
  type Section,
} from './model.ts';
export type { AccountBehind, PostingBehind } from './open.ts';
export { csvText } from './output/csv.ts';
export { type Language, languages, type Tabular, tabular } from './output/tabular.ts';
export { xlsxBytes } from './output/xlsx.ts';
export { fixedRates } from './rates.ts';
export { reportRoutes } from './routes.ts';
export { openReports, type ReportDeps, type ReportRequest, type Reports } from './service.ts';
export type { GroupFilter } from './source.ts';
export type { RateQuery, RateSource } from './translate.ts';
