import { isHmac } from '../keys/domain/algorithm.js';
import { CLAIM_SETTINGS, takenClaims } from '../tokens/domain/reserved-claims.js';
import { SIGNING_SECRETS, isRefused, signingSecretProblem } from './secret-checks.js';
import { exampleOf, type ServerSettings, type SettingName, type Settings } from './settings.js';

type Values = Settings & ServerSettings;

/** A row of the table of contradictions: settings that are right each alone and wrong together. */
interface Check<N extends SettingName = SettingName> {
  /** The settings that `isWrong` looks at; the first one is to be changed. */
  readonly of: readonly [N, ...N[]];
  readonly isWrong: (settings: Pick<Values, N>) => boolean;
  /** The words after the first setting's name. `{ledger}` stands for what that setting is called where it was given. */
  readonly message: string | ((settings: Pick<Values, N>) => string);
  /** Unset: the example of the first setting. */
  readonly example?: string;
}

/** Lets `isWrong` see only the settings of its row. */
const check = <N extends SettingName>(row: Check<N>): Check => row;

/** What keeps `SessionAuthentication` from reading sessions. */
const SESSION_KEY = check({
  of: ['sessionSecretKey', 'algorithm'],
  isWrong: (s) => s.sessionSecretKey === null && !isHmac(s.algorithm),
  message: (s) =>
    `must be set for SessionAuthentication with ${s.algorithm}: a private key signs no sessions`,
  example: "Django's SECRET_KEY",
});

const CHECKS: readonly Check[] = [
  check({
    of: ['blacklistAfterRotation', 'rotateRefreshTokens', 'ledger'],
    isWrong: (s) => s.ledger === 'sessions' && s.rotateRefreshTokens && !s.blacklistAfterRotation,
    message:
      'must be true with {rotateRefreshTokens} and the session ledger: a session has one live refresh token',
  }),
  check({
    of: ['sessionMaxLifetime', 'ledger'],
    isWrong: (s) => s.ledger === 'sessions' && s.sessionMaxLifetime === 0,
    message: 'must be longer than 0, or none',
  }),
  ...(['jtiClaim', 'tokenTypeClaim'] as const).map((name) =>
    check({
      of: [name, 'ledger'],
      isWrong: (s) => s.ledger === 'sessions' && s[name] === null,
      message: 'cannot be none with the session ledger',
    }),
  ),
  ...(['rotationGracePeriod', 'rotationRecovery', 'checkSession'] as const).map((name) =>
    check({
      of: [name, 'ledger'],
      isWrong: (s) => s.ledger === 'django' && Boolean(s[name]),
      message: 'needs the session ledger, and {ledger} is django',
      example: name === 'rotationGracePeriod' ? '0s' : 'false',
    }),
  ),
  check({
    of: ['jtiClaim', 'blacklistAfterRotation'],
    isWrong: (s) => s.jtiClaim === null && s.blacklistAfterRotation,
    message:
      'is none, and {blacklistAfterRotation} is true: a token without an id cannot be blacklisted',
  }),
  check({
    of: ['accessTokenLifetime', 'refreshTokenLifetime'],
    isWrong: (s) => s.accessTokenLifetime > s.refreshTokenLifetime,
    message:
      'is longer than {refreshTokenLifetime}: an access token must not outlive its refresh token',
  }),
  // One of two claims of the same name would overwrite the other in a token.
  ...CLAIM_SETTINGS.flatMap((name, index) => [
    check({
      of: [name, 'ledger'],
      isWrong: ({ ledger, [name]: claim }) =>
        claim !== null && takenClaims({ ledger }).includes(claim),
      message: (s) => `has the same name as the claim ${s[name]}`,
    }),
    ...CLAIM_SETTINGS.slice(0, index).map((other) =>
      check({
        of: [name, other],
        isWrong: (s) => s[name] !== null && s[name] === s[other],
        message: `has the same name as {${other}}`,
      }),
    ),
  ]),
  ...SIGNING_SECRETS.map((name) =>
    check({
      of: [name, 'algorithm', 'profile'],
      isWrong: (s) => isRefused(name, s),
      message: (s) => signingSecretProblem(name, s) ?? '',
    }),
  ),
  ...(['signingKey', 'previousSigningKeys', 'sessionSecretKey'] as const).map((other) =>
    check({
      of: ['keyEncryptionKey', other],
      isWrong: (s) => s.keyEncryptionKey !== null && [s[other]].flat().includes(s.keyEncryptionKey),
      message: `is the same as {${other}}: each must be a secret of its own`,
    }),
  ),
  check({
    of: ['keyEncryptionKey', 'keyRotationInterval'],
    isWrong: (s) => s.keyRotationInterval !== null && s.keyEncryptionKey === null,
    message: 'must be set with {keyRotationInterval}: it seals the keys that are made',
  }),
  check({
    ...SESSION_KEY,
    of: ['sessionSecretKey', 'algorithm', 'authenticationClasses'],
    isWrong: (s) =>
      s.authenticationClasses.includes('SessionAuthentication') && SESSION_KEY.isWrong(s),
  }),
  check({
    of: ['refreshCookieSecure', 'refreshCookieSameSite'],
    isWrong: (s) => s.refreshCookieSameSite === 'none' && !s.refreshCookieSecure,
    message:
      'must be true with {refreshCookieSameSite} none: browsers drop such a cookie otherwise',
  }),
];

/** What is fit for trying out and not for production, in the server and in a host alike. */
const PRODUCTION_CHECKS: readonly Check[] = [
  check({
    of: ['refreshCookieSecure'],
    isWrong: (s) => !s.refreshCookieSecure,
    message: 'must be true with NODE_ENV=production: anybody on the way could read the cookie',
  }),
  check({
    of: ['jwkUrl'],
    isWrong: (s) => s.jwkUrl !== null && isOpenToOthers(s.jwkUrl),
    message:
      'must begin with https: with NODE_ENV=production: anybody on the way could put in a key',
  }),
  check({
    of: ['allowedOrigins'],
    isWrong: (s) => s.allowedOrigins.some(isOpenToOthers),
    message: (s) =>
      `holds "${s.allowedOrigins.find(isOpenToOthers)}", which must begin with https: with NODE_ENV=production: anybody on the way could put a script into its pages`,
  }),
  check({
    of: ['databaseUrl'],
    isWrong: (s) => s.databaseUrl === null,
    message: 'must be set with NODE_ENV=production: the embedded database is for trying out',
  }),
  check({
    // A host has no `dataDir`; the error about its missing key comes where keys are loaded.
    of: ['signingKey', 'dataDir'],
    isWrong: (s) => s.signingKey === '',
    message: 'must be set with NODE_ENV=production: the key in {dataDir} is for trying out',
  }),
];

/** Whether what comes from an address may have been changed on the way: on plain HTTP, unless from this very machine. */
function isOpenToOthers(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** What a setting is called where it was given: its option or its variable. */
export type NameOf = (name: SettingName) => string;

/**
 * Which settings contradict each other.
 *
 * @param values - the settings that are right alone: a row about any other setting is left out
 */
export function contradictions(
  values: Partial<Values>,
  nameOf: NameOf,
  isProduction: boolean,
): string[] {
  return problemsOf([...CHECKS, ...(isProduction ? PRODUCTION_CHECKS : [])], values, nameOf);
}

/** What keeps `SessionAuthentication` from reading sessions. */
export function sessionKeyProblems(settings: Settings, nameOf: NameOf): string[] {
  return problemsOf([SESSION_KEY], settings, nameOf);
}

function problemsOf(checks: readonly Check[], values: Partial<Values>, nameOf: NameOf): string[] {
  const settings = values as Values;
  return checks
    .filter(({ of, isWrong }) => of.every((name) => name in values) && isWrong(settings))
    .map(({ of, message, example = exampleOf(of[0]) }) => {
      const words = typeof message === 'string' ? message : message(settings);
      const named = of.reduce((text, name) => text.replace(`{${name}}`, nameOf(name)), words);
      return `${nameOf(of[0])} ${named}. Example: ${example}`;
    });
}
