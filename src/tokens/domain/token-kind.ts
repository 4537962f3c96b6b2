import type { Claims } from './compact.js';

/**
 * One kind of token: SimpleJWT's class name and the value of the type claim.
 *
 * @publicApi
 */
export interface TokenKind {
  readonly className: 'AccessToken' | 'RefreshToken' | 'SlidingToken' | 'UntypedToken';
  readonly type: string;
}

/**
 * Opens guarded routes; short-lived.
 *
 * @publicApi
 */
export const AccessToken = {
  className: 'AccessToken',
  type: 'access',
} as const satisfies TokenKind;
/**
 * Gets new access tokens.
 *
 * @publicApi
 */
export const RefreshToken = {
  className: 'RefreshToken',
  type: 'refresh',
} as const satisfies TokenKind;
/**
 * Opens guarded routes and extends itself.
 *
 * @publicApi
 */
export const SlidingToken = {
  className: 'SlidingToken',
  type: 'sliding',
} as const satisfies TokenKind;
/**
 * A token of any type, which is not checked: what the verify view reads.
 *
 * @publicApi
 */
export const UntypedToken = {
  className: 'UntypedToken',
  type: 'untyped',
} as const satisfies TokenKind;

/** The kinds by class name, as `AUTH_TOKEN_CLASSES` names them. */
export const TOKEN_KINDS: Readonly<Record<TokenKind['className'], TokenKind>> = {
  AccessToken,
  RefreshToken,
  SlidingToken,
  UntypedToken,
};

/** The claims that carry the type and the id; null switches a check off. */
export interface KindRules {
  readonly tokenTypeClaim: string | null;
  readonly jtiClaim: string | null;
}

/**
 * What keeps verified claims from being a token of a kind, as SimpleJWT words it, or null (contract §6, steps 8–10).
 *
 * @param kind - the wanted kind; the type is not looked at for `UntypedToken`
 */
export function kindProblem(claims: Claims, kind: TokenKind, rules: KindRules): string | null {
  if (claims['exp'] === undefined) return "Token has no 'exp' claim";
  if (rules.jtiClaim !== null && claims[rules.jtiClaim] === undefined) return 'Token has no id';
  if (kind.type === UntypedToken.type || rules.tokenTypeClaim === null) return null;
  const type = claims[rules.tokenTypeClaim];
  if (type === undefined) return 'Token has no type';
  return type === kind.type ? null : 'Token has wrong type';
}
