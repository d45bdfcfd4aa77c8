/** The one table from what PostgreSQL and the network answer to the codes of the house. */
import { DatabaseError } from 'pg';
import { defineErrors, LongmenError } from '#kernel/errors';

export const databaseError = defineErrors({
  database_unreachable: { status: 503, title: 'Database unreachable' },
  database_read_only: { status: 503, title: 'Database is read-only' },
  database_disk_full: { status: 503, title: 'Database disk is full' },
  database_busy: { status: 503, title: 'Database is busy' },
  database_conflict: { status: 409, title: 'Concurrent change' },
  database_login_refused: { status: 503, title: 'Database refused the login' },
  database_version_unsupported: { status: 500, title: 'PostgreSQL is too old' },
  database_role_missing: { status: 500, title: 'Database role missing' },
  migration_changed: { status: 500, title: 'An applied migration was changed' },
  migration_unknown: { status: 500, title: 'Database is newer than this program' },
  migration_malformed: { status: 500, title: 'Malformed migration file' },
  migration_failed: { status: 500, title: 'Migration failed' },
  data_folder_in_use: { status: 409, title: 'Data folder in use' },
  data_folder_unusable: { status: 500, title: 'Data folder unusable' },
  embedded_postgres_missing: { status: 500, title: 'Embedded PostgreSQL missing' },
  embedded_postgres_root: { status: 500, title: 'Embedded PostgreSQL cannot run as root here' },
  embedded_postgres_failed: { status: 500, title: 'Embedded PostgreSQL failed' },
});

type Translated =
  | 'database_unreachable'
  | 'database_read_only'
  | 'database_disk_full'
  | 'database_busy'
  | 'database_conflict'
  | 'database_login_refused';

/** SQLSTATE (whole, or its class of two characters) or Node error code -> code of the house. */
const codes: Readonly<Record<string, Translated>> = {
  '08': 'database_unreachable',
  '25006': 'database_read_only',
  '28': 'database_login_refused',
  '3D000': 'database_login_refused',
  '40001': 'database_conflict',
  '40P01': 'database_conflict',
  '53100': 'database_disk_full',
  '53200': 'database_unreachable',
  '53300': 'database_unreachable',
  '25P03': 'database_unreachable',
  '55P03': 'database_busy',
  '57P01': 'database_unreachable',
  '57P02': 'database_unreachable',
  '57P03': 'database_unreachable',
  '57P05': 'database_unreachable',
  EAI_AGAIN: 'database_unreachable',
  ECONNABORTED: 'database_unreachable',
  ECONNREFUSED: 'database_unreachable',
  ECONNRESET: 'database_unreachable',
  EHOSTUNREACH: 'database_unreachable',
  ENETUNREACH: 'database_unreachable',
  ENOENT: 'database_unreachable',
  ENOTFOUND: 'database_unreachable',
  EPIPE: 'database_unreachable',
  ETIMEDOUT: 'database_unreachable',
};

// node-postgres reports a lost or late connection as a plain Error without a code.
const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered|Client was closed|Query read timeout|Cannot use a pool after)/;

const details: Readonly<Record<Translated, string>> = {
  database_unreachable: 'The database cannot be reached; whether a change under way took effect is not known',
  database_read_only: 'The database accepts no changes at present',
  database_disk_full: 'The database has no disk space left',
  database_busy: 'Something else held what was needed for too long; try again',
  database_conflict: 'The change met a concurrent one; try again',
  database_login_refused: 'The database refused the login: check role, password, database name and pg_hba.conf',
};

/** The SQLSTATE of a PostgreSQL error (also of a translated one), else undefined. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof DatabaseError) return error.code;
  return error instanceof LongmenError && typeof error.meta.sqlstate === 'string' ? error.meta.sqlstate : undefined;
}

/** True for a broken unique key; with `constraint` only for the key of that name. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof DatabaseError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  );
}

/**
 * Translates an error of the driver by the table; whatever the table does not know (a broken key, a syntax error) comes
 * back as it is. The original is kept as `cause`; its text is not repeated in `detail` as it may hold personal data.
 */
export function translate(error: unknown): unknown {
  if (error instanceof LongmenError || !(error instanceof Error)) return error;
  const raw = driverCode(error);
  const code = raw === undefined ? undefined : (codes[raw] ?? codes[raw.slice(0, 2)]);
  const translated = code ?? (lostConnection.test(error.message) ? 'database_unreachable' : undefined);
  if (translated === undefined) return error;
  const meta = error instanceof DatabaseError && error.code !== undefined ? { sqlstate: error.code } : {};
  const result = databaseError(translated, details[translated], meta);
  result.cause = error;
  return result;
}

function driverCode(error: Error): string | undefined {
  // A host name with several addresses fails as a group; all members failed alike.
  if (error instanceof AggregateError) {
    const first: unknown = error.errors[0];
    return first instanceof Error ? driverCode(first) : undefined;
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The role the application runs as. */
export const applicationRole = 'longmen_app';

/** The role a request takes on that may not see everything: row-level security applies to it. */
export const staffRole = 'longmen_staff';

/** For a login that can neither make nor become the application role. */
export function applicationRoleMissing(): LongmenError {
  return databaseError(
    'database_role_missing',
    `The role of DATABASE_URL can neither make nor become ${applicationRole}. Have an administrator run: create role ${applicationRole} nologin and create role ${staffRole} nologin (unless they exist), grant ${staffRole} to ${applicationRole}, and grant ${applicationRole} to <role of DATABASE_URL>`,
  );
}
