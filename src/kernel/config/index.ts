/**
 * Settings of one Longmen process. One table says everything there is to set; the environment wins over the file, the
 * file over the default. What the table does not know is refused, so that a typing mistake is found at start.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { defineErrors } from '#kernel/errors';
import { type Key, keys } from './keys.ts';

const configError = defineErrors({
  config_key_unknown: { status: 500, title: 'Unknown configuration key' },
  config_value_invalid: { status: 500, title: 'Invalid configuration value' },
  config_file_invalid: { status: 500, title: 'Unreadable configuration file' },
});

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
  const oidc = [config.oidcIssuer, config.oidcClientId, config.oidcClientSecret];
  if (oidc.includes(undefined) && oidc.some((part) => part !== undefined)) {
    throw invalid(keys.oidcIssuer.env, keys.oidcIssuer);
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
