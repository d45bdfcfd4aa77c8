import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { type Config, describeConfig, loadConfig } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'longmen-config-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('defaults need nothing', () => {
  assert.deepEqual(loadConfig({ env: {} }), {
    dataFolder: resolve('.longmen'),
    host: '127.0.0.1',
    port: 8080,
    databasePool: 10,
    sharedFolder: resolve('../shared'),
    logLevel: 'info',
    bodyLimitMib: 16,
    timeZone: 'Asia/Shanghai',
    evidence: 'on',
    evidenceOrigin: 'longmen.localhost/api/v1/evidence',
    smtpFrom: 'Longmen <longmen@localhost>',
    passwordLength: 12,
    passwordHistory: 5,
    sessionIdleMinutes: 30,
    sessionHours: 12,
    linkHours: 72,
    oidcCreatesStaff: 'off',
    backupBaseHours: 24,
    backupKeepBases: 2,
    backupKeepDays: 30,
  } satisfies Partial<Config>);
});

test('the environment wins over the file, the file over the default', () => {
  const path = file('order.json', { port: 9000, host: '0.0.0.0', shared_folder: 'reference' });
  const config = loadConfig({ env: { LONGMEN_CONFIG: path, LONGMEN_PORT: '0', LONGMEN_TIME_ZONE: '' } });
  assert.equal(config.port, 0);
  assert.equal(config.host, '0.0.0.0');
  assert.equal(config.timeZone, 'Asia/Shanghai', 'an empty variable counts as unset');
  assert.equal(config.sharedFolder, join(folder, 'reference'), 'paths in a file start at the file');
  assert.equal(config.configFile, path);
  const other = file('other.json', { port: '9001' });
  assert.equal(loadConfig({ env: { LONGMEN_CONFIG: path }, file: other }).port, 9001);
});

test('config.json of the data folder is read when present', () => {
  const data = join(folder, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'config.json'), '{"log_level":"debug"}');
  assert.equal(loadConfig({ env: { LONGMEN_DATA: data } }).logLevel, 'debug');
});

test('unknown keys are refused', () => {
  assert.throws(() => loadConfig({ env: { LONGMEN_PROT: '1' } }), {
    code: 'config_key_unknown',
    message: /LONGMEN_PROT/,
  });
  const path = file('unknown.json', { data_folder: 'x' });
  assert.throws(() => loadConfig({ env: {}, file: path }), { code: 'config_key_unknown', message: /data_folder/ });
  assert.doesNotThrow(() => loadConfig({ env: { LONGMEN_TEST_SERVER: 'x', PATH: '/bin' } }));
});

test('bad values are refused without repeating them', () => {
  const bad: Record<string, string[]> = {
    LONGMEN_PORT: ['65536', '-1', '80a', '1.5', ' 80'],
    LONGMEN_DATABASE_POOL: ['0', '1001'],
    LONGMEN_BODY_LIMIT_MIB: ['0'],
    LONGMEN_LOG_LEVEL: ['verbose'],
    LONGMEN_TIME_ZONE: ['Asia/Shangri-La'],
    DATABASE_URL: ['mysql://hunter2@host/db', 'hunter2', 'postgres://'],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      assert.throws(
        () => loadConfig({ env: { [name]: value } }),
        (error: Error & { code?: string }) =>
          error.code === 'config_value_invalid' && error.message.startsWith(name) && !error.message.includes('hunter2'),
        `${name}=${value}`,
      );
    }
  }
  const path = file('bad.json', { port: true });
  assert.throws(() => loadConfig({ env: {}, file: path }), { code: 'config_value_invalid' });
});

test('a login of the application role makes sense with DATABASE_URL only', () => {
  const appUrl = 'postgres://app@host/db';
  assert.throws(() => loadConfig({ env: { LONGMEN_APP_DATABASE_URL: appUrl } }), { code: 'config_value_invalid' });
  const config = loadConfig({ env: { LONGMEN_APP_DATABASE_URL: appUrl, DATABASE_URL: 'postgresql:///db?host=/run' } });
  assert.equal(config.appDatabaseUrl, appUrl);
});

test('an unreadable file is said to be so', () => {
  const code = 'config_file_invalid';
  assert.throws(() => loadConfig({ env: {}, file: join(folder, 'none.json') }), { code });
  assert.throws(() => loadConfig({ env: {}, file: file('text.json', '{port: 1}') }), { code });
  assert.throws(() => loadConfig({ env: {}, file: file('list.json', []) }), { code });
});

test('single sign-on is set up whole or not at all, and addresses of pages are origins', () => {
  const oidc = {
    LONGMEN_OIDC_ISSUER: 'https://id.example/realm/',
    LONGMEN_OIDC_CLIENT_ID: 'longmen',
    LONGMEN_OIDC_CLIENT_SECRET: 'secret',
  };
  assert.equal(loadConfig({ env: oidc }).oidcIssuer, 'https://id.example/realm');
  const { LONGMEN_OIDC_CLIENT_SECRET: _, ...half } = oidc;
  assert.throws(() => loadConfig({ env: half }), { code: 'config_value_invalid' });
  assert.equal(loadConfig({ env: { LONGMEN_PUBLIC_URL: 'https://bank.example' } }).publicUrl, 'https://bank.example');
  for (const url of ['bank.example', 'https://bank.example/longmen', 'ftp://bank.example', 'https://a@bank.example']) {
    assert.throws(() => loadConfig({ env: { LONGMEN_PUBLIC_URL: url } }), { code: 'config_value_invalid' }, url);
  }
  assert.throws(() => loadConfig({ env: { LONGMEN_TRUSTED_PROXIES: 'everybody' } }), { code: 'config_value_invalid' });
});

test('the table describes every setting once', () => {
  const table = describeConfig();
  assert.equal(new Set(table.map((key) => key.env)).size, table.length);
  for (const key of table) assert.match(key.doc, /^[A-Z].*\.$/);
  assert.deepEqual(
    table.filter((key) => key.secret).map((key) => key.env),
    [
      'DATABASE_URL',
      'LONGMEN_APP_DATABASE_URL',
      'LONGMEN_BACKUP_PASSPHRASE',
      'LONGMEN_OIDC_CLIENT_SECRET',
      'LONGMEN_SMTP_URL',
    ],
  );
});
