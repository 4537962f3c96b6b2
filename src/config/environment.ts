import { fromEnvironment, resolveSettings } from './resolve-settings.js';
import { ConfigError } from './config-error.js';
import { SERVER_VARIABLES, type ServerConfig, type ServerVariable } from './server-variables.js';
import { SettingProblem } from './setting-type.js';
import { SETTING_NAMES, environmentName, type Settings } from './settings.js';

/** All that the server is told from outside. */
export interface Config extends ServerConfig {
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
  const problems = unknownSettings(env);
  const server: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(SERVER_VARIABLES) as [
    string,
    ServerVariable<unknown>,
  ][]) {
    const given = env[variable.env];
    try {
      server[name] =
        given === undefined || given === '' ? variable.default : variable.type.fromText(given);
    } catch (error) {
      if (!(error instanceof SettingProblem)) throw error;
      problems.push(`${variable.env} ${error.message}. Example: ${variable.type.example}`);
    }
  }
  const config = server as unknown as ServerConfig;
  problems.push(...serverProblems(config, env));
  try {
    const settings = resolveSettings(fromEnvironment(env), config.nodeEnv === 'production');
    if (problems.length === 0) return Object.freeze({ ...config, settings });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  throw new ConfigError(problems);
}

function serverProblems(config: ServerConfig, env: Environment): string[] {
  const problems: string[] = [];
  if (config.databaseUrl !== null && !/^postgres(ql)?:\/\/\S+$/.test(config.databaseUrl)) {
    problems.push(
      'DATABASE_URL is not a Postgres address. Example: postgres://user:password@host:5432/name',
    );
  }
  if (config.nodeEnv === 'production') {
    if (config.databaseUrl === null) {
      problems.push(
        'DATABASE_URL must be set with NODE_ENV=production: the embedded database is for trying out. Example: postgres://user:password@host:5432/name',
      );
    }
    if (env['SIMPLE_JWT_SIGNING_KEY'] === undefined) {
      problems.push(
        'SIMPLE_JWT_SIGNING_KEY must be set with NODE_ENV=production. Example: the output of openssl rand -base64 48',
      );
    }
  }
  return problems;
}

function unknownSettings(env: Environment): string[] {
  const known = new Set(SETTING_NAMES.map(environmentName));
  return Object.keys(env).flatMap((variable) => {
    if (!variable.startsWith('SIMPLE_JWT_') || known.has(variable)) return [];
    const setting = variable.slice('SIMPLE_JWT_'.length);
    if (CODE_SETTINGS.includes(setting)) {
      return [
        `${variable} is code, not text: give it to AuthModule.forRoot() or extend TokenController.`,
      ];
    }
    const instead = REMOVED_SETTINGS[setting];
    return [
      instead
        ? `${variable} has been removed: ${instead}.`
        : `${variable} is not a setting. docs/settings.md lists them all.`,
    ];
  });
}
