import { closest } from './closest.js';
import { isProduction } from './production.js';
import { resolveTable, type SettingsSource } from './resolve-settings.js';
import { SERVER_SETTINGS } from './server-settings.js';
import type { ValuesOf } from './setting-row.js';
import {
  MODULE_SETTINGS,
  SETTINGS,
  SETTING_NAMES,
  environmentName,
  type ServerSettings,
  type Settings,
} from './settings.js';

/** All that the server is told from outside. */
export interface Config extends ServerSettings {
  /** The settings of the modules. */
  readonly settings: Settings;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings whose value is code: they are options of the modules, not variables (contract §13, §16). */
const CODE_SETTINGS = [
  'JSON_ENCODER',
  'USER_AUTHENTICATION_RULE',
  'ON_LOGIN_SUCCESS',
  'ON_LOGIN_FAILED',
  'TOKEN_USER_CLASS',
  'TOKEN_OBTAIN_SERIALIZER',
  'TOKEN_REFRESH_SERIALIZER',
  'TOKEN_VERIFY_SERIALIZER',
  'TOKEN_BLACKLIST_SERIALIZER',
  'SLIDING_TOKEN_OBTAIN_SERIALIZER',
  'SLIDING_TOKEN_REFRESH_SERIALIZER',
];

/** Settings that SimpleJWT removed, and what to use (contract §13). */
const REMOVED_SETTINGS: Readonly<Record<string, string>> = {
  AUTH_HEADER_TYPE: 'use SIMPLE_JWT_AUTH_HEADER_TYPES',
  AUTH_TOKEN_CLASS: 'use SIMPLE_JWT_AUTH_TOKEN_CLASSES',
  SECRET_KEY: 'use SIMPLE_JWT_SIGNING_KEY',
  TOKEN_BACKEND_CLASS: 'it has no successor',
};

/**
 * Reads the configuration from the environment.
 *
 * @throws ConfigError that lists every wrong variable with its problem and an example, never a secret's value
 */
export function readEnvironment(env: Environment): Config {
  const values = resolveTable(SETTINGS, fromEnvironment(env), isProduction(env));
  const only = <T extends object>(table: T): ValuesOf<T> => {
    const entries = Object.entries(values).filter(([name]) => name in table);
    return Object.freeze(Object.fromEntries(entries)) as ValuesOf<T>;
  };
  return Object.freeze({ ...only(SERVER_SETTINGS), settings: only(MODULE_SETTINGS) });
}

/** Variables. An empty one counts as unset, except for the signing key, where it is an error. */
export function fromEnvironment(env: Environment): SettingsSource {
  return {
    valueOf: (name) => {
      const value = env[environmentName(name)];
      return value === '' && name !== 'signingKey' ? undefined : value;
    },
    read: (type, value) => type.fromText(String(value)),
    nameOf: environmentName,
    unknown: unknownVariables(env),
  };
}

/** The environment is full of other names: only those that begin with `SIMPLE_JWT_` must be settings. */
function unknownVariables(env: Environment): string[] {
  const known = SETTING_NAMES.map(environmentName);
  return Object.keys(env).flatMap((variable) => {
    if (!variable.startsWith('SIMPLE_JWT_') || known.includes(variable)) return [];
    const setting = variable.slice('SIMPLE_JWT_'.length);
    if (CODE_SETTINGS.includes(setting)) {
      return `${variable} is code, not text: give it to AuthModule.forRoot() or extend TokenController.`;
    }
    const instead = REMOVED_SETTINGS[setting];
    return instead
      ? `${variable} has been removed: ${instead}.`
      : `${variable} is not a setting.${closest(variable, known)} docs/settings.md lists them all.`;
  });
}
