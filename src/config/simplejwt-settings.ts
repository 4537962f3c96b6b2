import { ALGORITHMS } from '../keys/domain/algorithm.js';
import { lifetime, httpUrl, headerInCgiForm, signingKey } from './setting-forms.js';
import { byProfile, ours, simpleJwt } from './setting-row.js';
import {
  bool,
  choice,
  duration,
  list,
  listOf,
  nullable,
  secret,
  secrets,
  text,
  textOrList,
} from './setting-type.js';

/** The settings of SimpleJWT (contract §13), with the few of ours that belong between them. */
export const SIMPLE_JWT_SETTINGS = {
  profile: ours(
    choice('secure', 'parity'),
    'secure',
    'The set of defaults: `secure` for new systems, `parity` for replacing, or running beside, a Django server.',
  ),
  accessTokenLifetime: simpleJwt(lifetime, 300, 'How long an access token is good.'),
  refreshTokenLifetime: simpleJwt(lifetime, 86_400, 'How long a refresh token is good.'),
  rotateRefreshTokens: simpleJwt(
    bool,
    byProfile({ secure: true, parity: false }),
    'A refresh also gives a new refresh token.',
  ),
  blacklistAfterRotation: simpleJwt(
    bool,
    byProfile({ secure: true, parity: false }),
    'A refresh token that was rotated is spent: using it again is refused.',
  ),
  updateLastLogin: simpleJwt(
    bool,
    false,
    'Log-in writes `last_login`; also the switch for the `onLoginSuccess` hook.',
  ),
  algorithm: simpleJwt(
    choice(...ALGORITHMS),
    'HS256',
    'The only algorithm that tokens are signed with and accepted in.',
  ),
  signingKey: simpleJwt(
    secret(signingKey),
    '',
    'Random HMAC secret of at least 32 bytes (in `secure` 48 for HS384, 64 for HS512, and no placeholder), or the private key in PEM. Unset: made at the first start and kept in `DATA_DIR` (refused in production). A host with `AuthModule` must give one.',
  ),
  previousSigningKeys: ours(
    secret(secrets),
    [],
    'Former values of the signing key, or the public keys in PEM: tokens signed with them go on verifying, new ones are signed with the signing key. Weak ones are accepted with a warning. Separated by commas, or a JSON list.',
  ),
  verifyingKey: simpleJwt(
    text,
    '',
    'Public key in PEM; empty: derived from the signing key. Unused for HMAC.',
  ),
  audience: simpleJwt(nullable(textOrList), null, 'Written as `aud` and required.'),
  issuer: simpleJwt(nullable(text), null, 'Written as `iss` and required.'),
  jwkUrl: simpleJwt(
    nullable(httpUrl),
    null,
    'Address of a JWK Set; tokens that name a `kid` of it are verified with it. Unused for HMAC.',
  ),
  leeway: simpleJwt(
    duration,
    0,
    'Tolerance for `exp`, `nbf`, `iat` and the refresh end; does not change what is issued.',
  ),
  authHeaderTypes: simpleJwt(
    list,
    ['Bearer'],
    'Keywords accepted before the token; the first one names the challenge.',
  ),
  authHeaderName: simpleJwt(
    headerInCgiForm,
    'HTTP_AUTHORIZATION',
    'Header that carries the token, in CGI form: `HTTP_X_ACCESS_TOKEN` is `X-Access-Token`.',
  ),
  userIdField: simpleJwt(
    choice('id', 'username', 'email'),
    'id',
    'Column of the user table that the user id claim holds. It should be unique: users who share a value, or have none, get no token.',
  ),
  userIdClaim: simpleJwt(text, 'user_id', 'Claim that names the user.'),
  authTokenClasses: simpleJwt(
    listOf('AccessToken', 'SlidingToken', 'RefreshToken', 'UntypedToken'),
    ['AccessToken'],
    'Kinds of token that the guard accepts.',
  ),
  tokenTypeClaim: simpleJwt(
    nullable(text),
    'token_type',
    'Claim that holds the type; `none` switches the type check off.',
  ),
  jtiClaim: simpleJwt(
    nullable(text),
    'jti',
    "Claim that holds the token's id; `none` switches the id check off.",
  ),
  slidingTokenLifetime: simpleJwt(lifetime, 300, 'How long a sliding token is good.'),
  slidingTokenRefreshLifetime: simpleJwt(
    lifetime,
    86_400,
    'How long a sliding token can be extended.',
  ),
  slidingTokenRefreshExpClaim: simpleJwt(
    text,
    'refresh_exp',
    'Claim that holds the refresh end of a sliding token.',
  ),
  checkRevokeToken: simpleJwt(
    bool,
    false,
    'Tokens carry a digest of the stored password and end when it changes: those of the session that changes it too.',
  ),
  revokeTokenClaim: simpleJwt(text, 'hash_password', 'Claim that holds the digest.'),
  checkUserIsActive: simpleJwt(bool, true, 'Refresh and the guard refuse inactive users.'),
};
