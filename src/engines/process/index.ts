/** The process engine: BPMN 2.0 on PostgreSQL. See README.md. */

// What it needs to be used alone, on any PostgreSQL.
export { type Clock, systemClock } from '#kernel/clock';
export { type Database, type DatabaseConfig, openDatabase } from '#kernel/database';
export { createBook } from '#kernel/events';
export type { MigrationProblem, NodeMapping } from './core/migrate.ts';
export type { Modification } from './core/modify.ts';
export { type DeployedVersion, type DeployInput, deploy, deployDecisions } from './deploy.ts';
export {
  type Action,
  type Actor,
  type Call,
  type Data,
  type Engine,
  type EngineLog,
  type EngineOptions,
  type ExternalFunction,
  openProcess,
  type ProcessFunction,
  type TransactionalFunction,
} from './engine.ts';
export { BusinessError } from './errors.ts';
export { forgetHistory } from './history.ts';
export * as processJson from './json.ts';
export { type MigrationPlan, type MigrationReport, migrate, migrateInstance, previewMigration } from './migrate.ts';
export { cancel, modify, type Operation, resolveIncident, resume, retryIncident, suspend } from './operations.ts';
export { openProcesses, type Processes, type ProcessesOptions } from './processes.ts';
export {
  type DefinitionFilter,
  type DefinitionView,
  type HistoryView,
  type IncidentView,
  type InstanceFilter,
  type InstanceView,
  listDefinitions,
  listIncidents,
  listInstances,
  listTasks,
  readDocument,
  readHistory,
  readInstance,
  readTrail,
  type TaskFilter,
  type TaskView,
  type TokenView,
  type TrailView,
} from './queries.ts';
export { readProcesses } from './read.ts';
export { processRoutes } from './routes.ts';
export {
  broadcastSignal,
  claim,
  complete,
  completeWithError,
  type MessageInput,
  publish,
  type Started,
  type StartInput,
  setVariables,
  start,
} from './service.ts';
export { runWorker, type WorkerOptions, workUntilIdle } from './worker.ts';
