/** The table of settings: what there is to set, how it is read, and what it means. */
import { resolve } from 'node:path';

/** Reads one value; returns undefined when the text is not acceptable. `base` resolves relative paths. */
export type Reader<Value> = (text: string, base: string) => Value | undefined;

export interface Key<Value> {
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

const webOrigin: Reader<string> = (value) =>
  /^https?:\/\/[^/?#@\s]+$/.test(value) && URL.canParse(value) ? new URL(value).origin : undefined;

const issuerUrl: Reader<string> = (value) =>
  /^https?:\/\/[^?#@\s]+$/.test(value) && URL.canParse(value) ? value.replace(/\/$/, '') : undefined;

const networks: Reader<string> = (value) =>
  value.split(',').every((one) => /^[0-9a-fA-F.:]+(\/\d{1,3})?$/.test(one.trim())) ? value : undefined;

const smtpUrl: Reader<string> = (value) =>
  /^smtps?:\/\/[^/?#]+\/?$/.test(value) && URL.canParse(value) && new URL(value).hostname !== '' ? value : undefined;

const mailbox: Reader<string> = (value) =>
  /^(?:[^\p{Cc}<>@"]{1,100} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u.test(value) ? value : undefined;

const postgresUrl: Reader<string> = (value) =>
  /^postgres(ql)?:\/\/./.test(value) && URL.canParse(value) ? value : undefined;

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const keys = {
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
  publicUrl: {
    env: 'LONGMEN_PUBLIC_URL',
    file: 'public_url',
    default: null,
    expects: 'an origin such as https://bank.example',
    doc: 'Address people open in their browsers; without it http:// with host and port. Passkeys need a name in it.',
    read: webOrigin,
  },
  trustedProxies: {
    env: 'LONGMEN_TRUSTED_PROXIES',
    file: 'trusted_proxies',
    default: null,
    expects: 'addresses or networks, separated by commas',
    doc: 'Proxies whose X-Forwarded-For says where a request comes from.',
    read: networks,
  },
  authSecretFile: {
    env: 'LONGMEN_AUTH_SECRET_FILE',
    file: 'auth_secret_file',
    default: null,
    expects: 'a path',
    doc: 'File with the secret of sign-in, made when missing; without it auth.json in the data folder. Servers on one database share it.',
    read: folder,
  },
  passwordLength: {
    env: 'LONGMEN_PASSWORD_LENGTH',
    file: 'password_length',
    default: '12',
    expects: 'a number from 8 to 64',
    doc: 'Characters a password of a staff member has at least.',
    read: integer(8, 64),
  },
  passwordHistory: {
    env: 'LONGMEN_PASSWORD_HISTORY',
    file: 'password_history',
    default: '5',
    expects: 'a number from 0 to 24',
    doc: 'Earlier passwords that may not be used again.',
    read: integer(0, 24),
  },
  sessionIdleMinutes: {
    env: 'LONGMEN_SESSION_IDLE_MINUTES',
    file: 'session_idle_minutes',
    default: '30',
    expects: 'a number from 2 to 1440',
    doc: 'Minutes without a request after which a session ends.',
    read: integer(2, 1_440),
  },
  sessionHours: {
    env: 'LONGMEN_SESSION_HOURS',
    file: 'session_hours',
    default: '12',
    expects: 'a number from 1 to 168',
    doc: 'Hours after which a session ends in any case.',
    read: integer(1, 168),
  },
  linkHours: {
    env: 'LONGMEN_LINK_HOURS',
    file: 'link_hours',
    default: '72',
    expects: 'a number from 1 to 720',
    doc: 'Hours a one-time link of a staff member works.',
    read: integer(1, 720),
  },
  oidcIssuer: {
    env: 'LONGMEN_OIDC_ISSUER',
    file: 'oidc_issuer',
    default: null,
    expects: 'the URL of an OpenID Connect issuer, together with client id and secret',
    doc: 'Provider of single sign-on; its callback address is <public url>/api/auth/callback/sso.',
    read: issuerUrl,
  },
  oidcClientId: {
    env: 'LONGMEN_OIDC_CLIENT_ID',
    file: 'oidc_client_id',
    default: null,
    expects: 'a text',
    doc: 'Client id this house has at the provider of single sign-on.',
    read: text,
  },
  oidcClientSecret: {
    env: 'LONGMEN_OIDC_CLIENT_SECRET',
    file: 'oidc_client_secret',
    default: null,
    expects: 'a text',
    doc: 'Client secret this house has at the provider of single sign-on.',
    secret: true,
    read: text,
  },
  oidcCreatesStaff: {
    env: 'LONGMEN_OIDC_CREATES_STAFF',
    file: 'oidc_creates_staff',
    default: 'off',
    expects: 'on or off',
    doc: 'Whether somebody only the provider of single sign-on knows becomes a staff member, without any role.',
    read: oneOf(['on', 'off']),
  },
  evidence: {
    env: 'LONGMEN_EVIDENCE',
    file: 'evidence',
    default: 'on',
    expects: 'on or off',
    doc: 'Whether this process makes evidence of postings. With off they wait for one that does.',
    read: oneOf(['on', 'off']),
  },
  archiveFolder: {
    env: 'LONGMEN_ARCHIVE_FOLDER',
    file: 'archive_folder',
    default: null,
    expects: 'a folder',
    doc: 'Folder old journal rows are archived to, once they are older than the retention policy says. Without it they stay.',
    read: folder,
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
