/**
 * Settings of one Longmen process. One table says everything there is to set; the environment wins over the file, the
 * file over the default. What the table does not know is refused, so that a typing mistake is found at start.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { defineErrors } from '#kernel/errors';

const configError = defineErrors({
  config_key_unknown: { status: 500, title: 'Unknown configuration key' },
  config_value_invalid: { status: 500, title: 'Invalid configuration value' },
  config_file_invalid: { status: 500, title: 'Unreadable configuration file' },
});

/** Reads one value; returns undefined when the text is not acceptable. `base` resolves relative paths. */
type Reader<Value> = (text: string, base: string) => Value | undefined;

interface Key<Value> {
  readonly env: string;
  /** Name in the JSON file; null for keys that say where the file is, and for what must not stand in a file. */
  readonly file: string | null;
  readonly default: string | null;
  readonly expects: string;
  readonly doc: string;
  /** Never shown: it may hold a password. */
  readonly secret?: true;
  readonly read: Reader<Value>;
}

const text: Reader<string> = (value) => value;
const folder: Reader<string> = (value, base) => resolve(base, value);

function integer(minimum: number, maximum: number): Reader<number> {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    return number >= minimum && number <= maximum ? number : undefined;
  };
}

function oneOf<Choice extends string>(choices: readonly Choice[]): Reader<Choice> {
  return (value) => choices.find((choice) => choice === value);
}

const timeZone: Reader<string> = (value) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
};

const origin: Reader<string> = (value) => (/^[^\s+/](?:[^\s+]*[^\s+/])?$/.test(value) ? value : undefined);

const smtpUrl: Reader<string> = (value) =>
  /^smtps?:\/\/[^/?#]+\/?$/.test(value) && URL.canParse(value) && new URL(value).hostname !== '' ? value : undefined;

const mailbox: Reader<string> = (value) =>
  /^(?:[^\p{Cc}<>@"]{1,100} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u.test(value) ? value : undefined;

const postgresUrl: Reader<string> = (value) =>
  /^postgres(ql)?:\/\/./.test(value) && URL.canParse(value) ? value : undefined;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const keys = {
  dataFolder: {
    env: 'LONGMEN_DATA',
    file: null,
    default: '.longmen',
    expects: 'a folder',
    doc: 'Folder of the embedded PostgreSQL, its secrets and locks. Created when missing.',
    read: folder,
  },
  configFile: {
    env: 'LONGMEN_CONFIG',
    file: null,
    default: null,
    expects: 'a path',
    doc: 'JSON file with settings; without it config.json of the data folder is read when present.',
    read: folder,
  },
  host: {
    env: 'LONGMEN_HOST',
    file: 'host',
    default: '127.0.0.1',
    expects: 'a host name or address',
    doc: 'Address the HTTP server listens on.',
    read: text,
  },
  port: {
    env: 'LONGMEN_PORT',
    file: 'port',
    default: '8080',
    expects: 'a number from 0 to 65535',
    doc: 'Port the HTTP server listens on; 0 takes any free one.',
    read: integer(0, 65_535),
  },
  databaseUrl: {
    env: 'DATABASE_URL',
    file: 'database_url',
    default: null,
    expects: 'a postgres:// or postgresql:// URL',
    doc: 'PostgreSQL 15 or newer to use instead of the embedded one; its role owns the schemas.',
    secret: true,
    read: postgresUrl,
  },
  appDatabaseUrl: {
    env: 'LONGMEN_APP_DATABASE_URL',
    file: 'app_database_url',
    default: null,
    expects: 'a postgres:// or postgresql:// URL, together with DATABASE_URL',
    doc: 'Login of the application role (a member of longmen_app); without it DATABASE_URL followed by SET ROLE.',
    secret: true,
    read: postgresUrl,
  },
  databasePool: {
    env: 'LONGMEN_DATABASE_POOL',
    file: 'database_pool',
    default: '10',
    expects: 'a number from 1 to 1000',
    doc: 'Connections one process keeps to the database at most.',
    read: integer(1, 1000),
  },
  sharedFolder: {
    env: 'LONGMEN_SHARED',
    file: 'shared_folder',
    default: '../shared',
    expects: 'a folder',
    doc: 'Folder of shared reference material and data sets.',
    read: folder,
  },
  logLevel: {
    env: 'LONGMEN_LOG_LEVEL',
    file: 'log_level',
    default: 'info',
    expects: `one of ${logLevels.join(', ')}`,
    doc: 'Least severe level that is logged.',
    read: oneOf(logLevels),
  },
  bodyLimitMib: {
    env: 'LONGMEN_BODY_LIMIT_MIB',
    file: 'body_limit_mib',
    default: '16',
    expects: 'a number from 1 to 1024',
    doc: 'Largest accepted HTTP request body, MiB.',
    read: integer(1, 1024),
  },
  timeZone: {
    env: 'LONGMEN_TIME_ZONE',
    file: 'time_zone',
    default: 'Asia/Shanghai',
    expects: 'an IANA time zone',
    doc: 'Business time zone: where the business date changes at midnight.',
    read: timeZone,
  },
  backupFolder: {
    env: 'LONGMEN_BACKUP_FOLDER',
    file: 'backup_folder',
    default: null,
    expects: 'a folder',
    doc: 'Folder the server backs up to while it runs, and the folder backup and restore use by default.',
    read: folder,
  },
  backupKeyFile: {
    env: 'LONGMEN_BACKUP_KEY_FILE',
    file: 'backup_key_file',
    default: null,
    expects: 'a path',
    doc: 'File with the key of backups, made when missing; without it backup.key in the data folder.',
    read: folder,
  },
  backupPassphrase: {
    env: 'LONGMEN_BACKUP_PASSPHRASE',
    file: null,
    default: null,
    expects: 'a text of at least 12 characters',
    doc: 'Passphrase the key of backups is made from, in place of a key file.',
    secret: true,
    read: text,
  },
  backupBaseHours: {
    env: 'LONGMEN_BACKUP_BASE_HOURS',
    file: 'backup_base_hours',
    default: '24',
    expects: 'a number from 1 to 8760',
    doc: 'Hours after which the server takes a new base backup.',
    read: integer(1, 8_760),
  },
  backupKeepDays: {
    env: 'LONGMEN_BACKUP_KEEP_DAYS',
    file: 'backup_keep_days',
    default: '30',
    expects: 'a number from 0 to 36500',
    doc: 'Days back that every instant stays restorable; older backups are thrown away.',
    read: integer(0, 36_500),
  },
  backupKeepBases: {
    env: 'LONGMEN_BACKUP_KEEP_BASES',
    file: 'backup_keep_bases',
    default: '2',
    expects: 'a number from 1 to 10000',
    doc: 'Newest base backups that are kept however old they are.',
    read: integer(1, 10_000),
  },
  evidence: {
    env: 'LONGMEN_EVIDENCE',
    file: 'evidence',
    default: 'on',
    expects: 'on or off',
    doc: 'Whether this process makes evidence of postings. With off they wait for one that does.',
    read: oneOf(['on', 'off']),
  },
  evidenceFolder: {
    env: 'LONGMEN_EVIDENCE_FOLDER',
    file: 'evidence_folder',
    default: null,
    expects: 'a folder',
    doc: 'Folder of the private keys that sign evidence; without it evidence in the data folder. Created when missing.',
    read: folder,
  },
  evidenceOrigin: {
    env: 'LONGMEN_EVIDENCE_ORIGIN',
    file: 'evidence_origin',
    default: 'longmen.localhost/api/v1/evidence',
    expects: 'an address without scheme, spaces, + or a / at its end',
    doc: 'What the names of new evidence logs begin with; /<book> is added. Best the address they are served at.',
    read: origin,
  },
  smtpUrl: {
    env: 'LONGMEN_SMTP_URL',
    file: 'smtp_url',
    default: null,
    expects: 'an address smtp://user:password@host:port or smtps://…',
    doc: 'Mail server for notifications; without it they stay in the inbox. Off this machine TLS is demanded.',
    secret: true,
    read: smtpUrl,
  },
  smtpFrom: {
    env: 'LONGMEN_SMTP_FROM',
    file: 'smtp_from',
    default: 'Longmen <longmen@localhost>',
    expects: 'an e-mail address, or Name <address>',
    doc: 'Sender of notifications by e-mail.',
    read: mailbox,
  },
} as const satisfies Record<string, Key<string | number>>;

type Keys = typeof keys;
type Value<Key extends keyof Keys> = NonNullable<ReturnType<Keys[Key]['read']>>;

/** Settings of a process, checked and with defaults filled in. Folders are absolute. */
export type Config = {
  readonly [Key in keyof Keys]: Keys[Key]['default'] extends null ? Value<Key> | undefined : Value<Key>;
};

/** One row of the table of settings. */
export interface ConfigKey {
  readonly name: keyof Config;
  readonly env: string;
  readonly file: string | null;
  readonly default: string | null;
  readonly expects: string;
  readonly doc: string;
  readonly secret: boolean;
}

/** The table of all settings, for `longmen config` and the reference documentation. */
export function describeConfig(): ConfigKey[] {
  return names().map((name) => {
    const { env, file, default: fallback, expects, doc, ...rest } = keys[name];
    return { name, env, file, default: fallback, expects, doc, secret: 'secret' in rest };
  });
}

/**
 * Reads the settings from `env` and the configuration file.
 *
 * @param sources `file`: path of the JSON file, wins over LONGMEN_CONFIG.
 * @throws `config_key_unknown` (a LONGMEN_* variable or file key that does not exist), `config_value_invalid`,
 *   `config_file_invalid`. Names beginning with LONGMEN_TEST_ are left to test tooling.
 */
export function loadConfig(sources: { env: Readonly<Record<string, string | undefined>>; file?: string }): Config {
  const { env } = sources;
  refuseUnknownVariables(env);
  const base = process.cwd();
  const dataFolder = resolve(base, env[keys.dataFolder.env] || keys.dataFolder.default);
  const named = sources.file ?? (env[keys.configFile.env] || undefined);
  const fallback = join(dataFolder, 'config.json');
  const path = named !== undefined ? resolve(base, named) : existsSync(fallback) ? fallback : undefined;
  const file = path === undefined ? {} : readConfigFile(path);

  const config: Record<string, unknown> = {};
  for (const name of names()) {
    const key: Key<string | number> = keys[name];
    const fromFile = key.file === null ? undefined : file[key.file];
    const source = env[key.env]
      ? { text: env[key.env], base, where: key.env }
      : fromFile !== undefined
        ? { text: fromFile, base: dirname(path ?? base), where: `${key.file} in ${path}` }
        : { text: key.default ?? undefined, base, where: key.env };
    if (source.text === undefined) continue;
    const value = key.read(source.text, source.base);
    if (value === undefined) throw invalid(source.where, key);
    config[name] = value;
  }
  if (path !== undefined) config.configFile = path;
  if (config.appDatabaseUrl !== undefined && config.databaseUrl === undefined) {
    throw invalid(keys.appDatabaseUrl.env, keys.appDatabaseUrl);
  }
  return config as Config;
}

function names(): (keyof Config)[] {
  return Object.keys(keys) as (keyof Config)[];
}

// The value itself is not repeated: it may hold a password.
function invalid(where: string, key: { readonly expects: string }) {
  return configError('config_value_invalid', `${where} must be ${key.expects}`, { key: where });
}

function refuseUnknownVariables(env: Readonly<Record<string, string | undefined>>): void {
  const known = new Set<string>(names().map((name) => keys[name].env));
  for (const name of Object.keys(env)) {
    if (!name.startsWith('LONGMEN_') || name.startsWith('LONGMEN_TEST_') || known.has(name)) continue;
    throw configError('config_key_unknown', `${name} is not a setting; see longmen config`, { key: name });
  }
}

function readConfigFile(path: string): Record<string, string> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw configError('config_file_invalid', `${path} ${reason}`, { path });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw configError('config_file_invalid', `${path} must hold one JSON object`, { path });
  }
  const known = new Map<string | null, Key<string | number>>(names().map((name) => [keys[name].file, keys[name]]));
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(content)) {
    const key = known.get(name);
    if (key === undefined) {
      throw configError('config_key_unknown', `${name} in ${path} is not a setting; see longmen config`, { key: name });
    }
    if (typeof value !== 'string' && typeof value !== 'number') throw invalid(`${name} in ${path}`, key);
    values[name] = String(value);
  }
  return values;
}
