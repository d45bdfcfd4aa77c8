/**
 * The database: PostgreSQL 15 or newer, embedded by default. Everything runs in the application role; the owner role
 * only migrates.
 */

export { dateArray, hexArray, int2Array, int4Array, int8Array, uuidArray } from './arrays.ts';
export { type DataFolderLock, type FileLock, lockDataFolder, tryLock } from './embedded/lock.ts';
export { findPrograms, majorVersion, type Programs } from './embedded/programs.ts';
export { rotateEmbeddedPasswords } from './embedded/rotate.ts';
export { type EmbeddedServer, stopEmbeddedServer, useEmbeddedServer } from './embedded/server.ts';
export { applicationRole, isUniqueViolation, sqlState } from './errors.ts';
export type {
  Database,
  DatabaseLog,
  Queryable,
  QueryOptions,
  QueryResult,
  Transaction,
  TransactionOptions,
} from './interface.ts';
export { findMigrations, type Migration } from './migrate.ts';
export {
  type DatabaseConfig,
  type OpenOptions,
  openDatabase,
  openReplicationAccess,
  type ReplicationAccess,
} from './open.ts';
export { connect } from './pool.ts';
export { inOneSnapshot } from './snapshot.ts';
export { builder, run } from './sql.ts';
export { isStorable } from './text.ts';
