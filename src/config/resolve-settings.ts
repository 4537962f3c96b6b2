import { isHmac } from '../keys/domain/algorithm.js';
import { CLAIM_SETTINGS, takenClaims } from '../tokens/domain/reserved-claims.js';
import { refreshCookieProblems } from './refresh-cookie-problems.js';
import { keyContradictions } from './key-contradictions.js';
import { productionProblems } from './production-problems.js';
import { closest } from './closest.js';
import { SettingProblem } from './setting-type.js';
import {
  SETTINGS,
  SETTING_NAMES,
  environmentName,
  type Setting,
  type SettingName,
  type Settings,
} from './settings.js';
import { ConfigError } from './config-error.js';

/** Where values come from, which decides how they are read and what a setting is called in an error. */
export interface SettingsSource {
  /** The given value, or undefined when there is none. */
  readonly valueOf: (name: SettingName) => unknown;
  readonly read: <T>(setting: Setting<T>, value: unknown) => T;
  readonly nameOf: (name: SettingName) => string;
  /** What is wrong with given names that are no setting's. */
  readonly strangers: readonly string[];
}

/** Options given in code. */
export function fromOptions(options: Readonly<Record<string, unknown>>): SettingsSource {
  return {
    valueOf: (name) => options[name],
    read: (setting, value) => setting.type.fromOption(value),
    nameOf: (name) => name,
    strangers: Object.keys(options)
      .filter((name) => !Object.hasOwn(SETTINGS, name))
      .map((name) => `${name} is not a setting.${closest(name, SETTING_NAMES)}`),
  };
}

/** `SIMPLE_JWT_*` variables. An empty one counts as unset, except for the signing key, where it is an error. */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): SettingsSource {
  return {
    valueOf: (name) => {
      const value = env[environmentName(name)];
      return value === '' && name !== 'signingKey' ? undefined : value;
    },
    read: (setting, value) => setting.type.fromText(String(value)),
    nameOf: environmentName,
    // The environment is full of other names; `readEnvironment` looks at those that begin like ours.
    strangers: [],
  };
}

/**
 * Reads, completes with the profile's defaults, checks and freezes all settings.
 *
 * @param isProduction - refuses what is for trying out only
 * @throws ConfigError that lists every problem at once
 */
export function resolveSettings(source: SettingsSource, isProduction = false): Settings {
  const problems = [...source.strangers];
  const values: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) {
    const setting = SETTINGS[name] as Setting<unknown>;
    const given = source.valueOf(name);
    if (given === undefined) {
      values[name] = defaultOf(setting, values['profile']);
      continue;
    }
    try {
      values[name] = source.read(setting, given);
    } catch (error) {
      if (!(error instanceof SettingProblem)) throw error;
      problems.push(`${source.nameOf(name)} ${error.message}. Example: ${setting.type.example}`);
      values[name] = defaultOf(setting, values['profile']);
    }
  }
  const settings = Object.freeze(values) as unknown as Settings;
  problems.push(...contradictions(settings, source.nameOf));
  if (isProduction) problems.push(...productionProblems(settings, source.nameOf));
  if (source.valueOf('signingKey') === '') {
    problems.push(
      `${source.nameOf('signingKey')} is empty. Give a secret of at least 32 bytes or a private key, or leave it unset.`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** The default under a profile. */
export function defaultOf<T>(setting: Setting<T>, profile: unknown): T {
  return profile === 'parity' && setting.parity !== undefined ? setting.parity : setting.default;
}

const MUST_BE_POSITIVE = [
  'accessTokenLifetime',
  'refreshTokenLifetime',
  'slidingTokenLifetime',
  'slidingTokenRefreshLifetime',
] as const satisfies readonly SettingName[];

function ledgerContradictions(settings: Settings, nameOf: (name: SettingName) => string): string[] {
  const problems: string[] = [];
  if (settings.ledger === 'sessions') {
    if (settings.rotateRefreshTokens && !settings.blacklistAfterRotation) {
      problems.push(
        `${nameOf('blacklistAfterRotation')} must be true with ${nameOf('rotateRefreshTokens')} and the session ledger: a session has one live refresh token. Example: true`,
      );
    }
    if (settings.sessionMaxLifetime !== null && settings.sessionMaxLifetime <= 0) {
      problems.push(`${nameOf('sessionMaxLifetime')} must be longer than 0, or none. Example: 90d`);
    }
    if (settings.jtiClaim === null || settings.tokenTypeClaim === null) {
      const name = settings.jtiClaim === null ? 'jtiClaim' : 'tokenTypeClaim';
      problems.push(
        `${nameOf(name)} cannot be none with the session ledger. Example: ${SETTINGS[name].default}`,
      );
    }
    return problems;
  }
  const sessionsOnly: [SettingName, boolean][] = [
    ['rotationGracePeriod', settings.rotationGracePeriod > 0],
    ['rotationRecovery', settings.rotationRecovery],
    ['checkSession', settings.checkSession],
  ];
  for (const [name, isOn] of sessionsOnly) {
    if (isOn) {
      problems.push(
        `${nameOf(name)} needs the session ledger, and ${nameOf('ledger')} is django. Example: ${name === 'rotationGracePeriod' ? '0s' : 'false'}`,
      );
    }
  }
  return problems;
}

/** What keeps `SessionAuthentication` from reading sessions. */
export function sessionKeyProblems(
  settings: Pick<Settings, 'algorithm' | 'sessionSecretKey'>,
  nameOf: (name: SettingName) => string,
): string[] {
  return settings.sessionSecretKey !== null || isHmac(settings.algorithm)
    ? []
    : [
        `${nameOf('sessionSecretKey')} must be set for SessionAuthentication with ${settings.algorithm}: a private key signs no sessions. Example: Django's SECRET_KEY`,
      ];
}

function contradictions(settings: Settings, nameOf: (name: SettingName) => string): string[] {
  const problems = [
    ...ledgerContradictions(settings, nameOf),
    ...keyContradictions(settings, nameOf),
    ...refreshCookieProblems(settings, nameOf),
  ];
  for (const name of MUST_BE_POSITIVE) {
    if (settings[name] <= 0) problems.push(`${nameOf(name)} must be longer than 0. Example: 5m`);
  }
  if (settings.accessTokenLifetime > settings.refreshTokenLifetime) {
    problems.push(
      `${nameOf('accessTokenLifetime')} is longer than ${nameOf('refreshTokenLifetime')}: an access token must not outlive its refresh token. Example: 5m and 1d`,
    );
  }
  const taken = new Map(takenClaims(settings).map((claim) => [claim, `the claim ${claim}`]));
  for (const name of CLAIM_SETTINGS) {
    const claim = settings[name];
    if (claim === null) continue;
    const other = taken.get(claim);
    if (other)
      problems.push(
        `${nameOf(name)} has the same name as ${other}. Example: ${SETTINGS[name].default}`,
      );
    taken.set(claim, nameOf(name));
  }
  if (settings.authenticationClasses.includes('SessionAuthentication')) {
    problems.push(...sessionKeyProblems(settings, nameOf));
  }
  if (settings.jtiClaim === null && settings.blacklistAfterRotation) {
    problems.push(
      `${nameOf('jtiClaim')} is none, and ${nameOf('blacklistAfterRotation')} is true: a token without an id cannot be blacklisted. Example: jti`,
    );
  }
  const { databaseFeedUrl } = settings;
  if (databaseFeedUrl !== null && !/^postgres(ql)?:\/\/\S+$/.test(databaseFeedUrl)) {
    problems.push(
      `${nameOf('databaseFeedUrl')} is not a Postgres address. Example: postgres://user:password@host:5432/name`,
    );
  }
  if (settings.redisUrl !== null && !/^rediss?:\/\/\S+$/.test(settings.redisUrl)) {
    problems.push(
      `${nameOf('redisUrl')} is not a Redis address. Example: redis://user:password@host:6379/0`,
    );
  }
  if (!/^HTTP_[A-Z0-9_]+$/.test(settings.authHeaderName)) {
    problems.push(
      `${nameOf('authHeaderName')} is not a header in CGI form. Example: HTTP_AUTHORIZATION`,
    );
  }
  return problems;
}
