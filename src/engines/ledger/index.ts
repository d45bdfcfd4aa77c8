/** The ledger engine: double-entry books on PostgreSQL. See README.md. */

export { findAccounts as readAccounts } from './accounts.ts';
export { type ArchiveEnd, archiveEnd } from './archived.ts';
export type { Closing } from './batch.ts';
export { type ExportFormat, type ExportOptions, exportBook, exportFormats } from './export.ts';
export {
  type Group,
  type GroupInput,
  type GroupLimits,
  listGroups,
} from './groups.ts';
export {
  type JointEntry,
  type JointStatement,
  type JointStatementCursor,
  type JointStatementRequest,
  jointStatement,
} from './joint-statement.ts';
export type { Attach, Attachment } from './lane.ts';
export { type Ledger, type LedgerOptions, openLedger } from './ledger.ts';
export { groupMembers } from './members.ts';
export {
  type Account,
  type AccountInput,
  type AccountState,
  available,
  balance,
  type Counters,
  type GroupKey,
  type Kind,
  type Limits,
  MAX_BATCH,
  MAX_MINOR,
  type Minor,
  type Outcome,
  type OutcomeCode,
  outcomeCodes,
  type Side,
  type SubmittedKind,
  type TransferInput,
} from './model.ts';
export {
  balancesAsOf,
  type CodeInUse,
  carriedTransfers,
  codesInUse,
  firstEffectiveDate,
  type OpenPending,
  openPendings,
  type PendingNow,
  readPendings,
} from './overview.ts';
export {
  type Answered,
  balanceAsOf,
  closingBalances,
  type GroupBalance,
  type GroupBalanceFilter,
  groupBalances,
  listAccounts,
  listTransfers,
  positionAt,
  readAccount,
  readTransfer,
  type Transfer,
  type TrialBalanceLine,
  trialBalance,
} from './queries.ts';
export { ledgerRoutes } from './routes.ts';
export { mustSeeAccounts } from './scope.ts';
export {
  type ArchivedMovements,
  type Statement,
  type StatementCursor,
  type StatementEntry,
  type StatementRequest,
  statement,
} from './statement.ts';
export { readClosing as closing } from './store.ts';
export { type VerifyFinding, type VerifyOptions, type VerifyReport, verify } from './verify.ts';
export { findAccountBooks, type Whereabouts } from './whereabouts.ts';
export { listWindows, type VelocityWindow, type WindowInput, type WindowMaxima } from './windows.ts';
