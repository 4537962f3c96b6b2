/** What is special about a claim of ours. */
interface ReservedClaim {
  /** It belongs to one token, and is not copied from a refresh token into an access token (contract §7). */
  readonly isTokenBound?: true;
  /** Only the session ledger writes it (design §3). */
  readonly isOfSessions?: true;
  /** A setting may give this name to another claim, as in SimpleJWT. */
  readonly isFree?: true;
}

/** Claims whose names no setting changes. */
const FIXED = {
  exp: { isTokenBound: true },
  iat: { isTokenBound: true },
  nbf: {},
  aud: {},
  iss: {},
  jti: { isTokenBound: true, isFree: true },
  sid: { isOfSessions: true },
  // The generation belongs to the refresh token alone; an access token names its session.
  gen: { isTokenBound: true, isOfSessions: true },
} as const satisfies Readonly<Record<string, ReservedClaim>>;

/** Claims that are called as a setting says. */
const CONFIGURED = {
  tokenTypeClaim: { isTokenBound: true },
  jtiClaim: { isTokenBound: true },
  userIdClaim: {},
  slidingTokenRefreshExpClaim: {},
  revokeTokenClaim: {},
} as const satisfies Readonly<Record<string, ReservedClaim>>;

/** A claim that has this name under all settings. */
export type FixedClaim = keyof typeof FIXED;

/** A setting that names a claim. */
export type ClaimSetting = keyof typeof CONFIGURED;

/** The settings that name claims. */
export const CLAIM_SETTINGS = Object.keys(CONFIGURED) as readonly ClaimSetting[];

type ClaimSettings = Readonly<Record<ClaimSetting, string | null>>;
type LedgerSetting = { readonly ledger: 'sessions' | 'django' };

/** All claims that this package writes: a host may give no claim of such a name. */
export function reservedClaims(settings: ClaimSettings): ReadonlySet<string | null> {
  return new Set([...Object.keys(FIXED), ...CLAIM_SETTINGS.map((name) => settings[name])]);
}

/** Claims that are not copied from one token into another one. */
export function tokenBoundClaims(
  settings: ClaimSettings & LedgerSetting,
): ReadonlySet<string | null> {
  const configured = CLAIM_SETTINGS.map((name) => [settings[name], CONFIGURED[name]] as const);
  const bound = [...fixedClaims(settings), ...configured].filter(
    ([, claim]: readonly [unknown, ReservedClaim]) => claim.isTokenBound,
  );
  return new Set(bound.map(([name]) => name));
}

/** Names that no setting may give to a claim: one of the two would overwrite the other. */
export function takenClaims(settings: LedgerSetting): readonly string[] {
  return fixedClaims(settings)
    .filter(([, { isFree }]) => !isFree)
    .map(([name]) => name);
}

function fixedClaims({ ledger }: LedgerSetting): readonly [name: string, ReservedClaim][] {
  const all: [string, ReservedClaim][] = Object.entries(FIXED);
  return all.filter(([, { isOfSessions }]) => ledger === 'sessions' || !isOfSessions);
}
