import { HttpException } from '@nestjs/common';

/**
 * Every error that a caller can cause. `code` is spelled nowhere else; `docs/errors.md` is made from this table.
 *
 * - `status`: the HTTP status
 * - `detail`: the default text of the body's `detail`
 * - `onWire`: whether the body carries `code` (SimpleJWT sends it for some errors only, contract §5–§11)
 *
 * @publicApi
 */
export const ERRORS = {
  parse_error: {
    status: 400,
    detail: 'Malformed request.',
    onWire: false,
    meaning: 'The body cannot be read as the content type it claims to be.',
  },
  invalid: {
    status: 400,
    detail: 'Invalid input.',
    onWire: false,
    meaning:
      'One or more fields are missing or wrong; the body maps each field to a list of messages.',
  },
  invalid_request: {
    status: 400,
    detail: 'The request is malformed.',
    onWire: false,
    meaning:
      'OAuth endpoints: a parameter is missing, repeated or no text. Their bodies are {"error", "error_description"}, the code is `error`.',
  },
  unsupported_token_type: {
    status: 400,
    detail: 'Access tokens end by themselves.',
    onWire: false,
    meaning: '`/oauth/revoke` was given an access token that nothing can end before its time.',
  },
  invalid_client: {
    status: 401,
    detail: 'Client authentication failed.',
    onWire: false,
    meaning: 'OAuth endpoints: no client credentials, or wrong ones.',
  },
  not_authenticated: {
    status: 401,
    detail: 'Authentication credentials were not provided.',
    onWire: false,
    meaning: 'A guarded route was called without credentials that any authentication class knows.',
  },
  authentication_failed: {
    status: 401,
    detail: 'Incorrect authentication credentials.',
    onWire: false,
    meaning: 'Basic or token credentials were given and are wrong.',
  },
  no_active_account: {
    status: 401,
    detail: 'No active account found with the given credentials',
    onWire: false,
    meaning:
      'Log-in refused: unknown user, wrong password or inactive account (never which of them).',
  },
  bad_authorization_header: {
    status: 401,
    detail: 'Authorization header must contain two space-delimited values',
    onWire: true,
    meaning: 'The authorization header has the right keyword and not exactly one token behind it.',
  },
  token_not_valid: {
    status: 401,
    detail: 'Token is invalid',
    onWire: true,
    meaning: 'The token is malformed, badly signed, expired, blacklisted or of the wrong type.',
  },
  user_not_found: {
    status: 401,
    detail: 'User not found',
    onWire: true,
    meaning: 'The token is good and the user it names does not exist.',
  },
  user_inactive: {
    status: 401,
    detail: 'User is inactive',
    onWire: true,
    meaning: 'The token is good and its user is deactivated.',
  },
  password_changed: {
    status: 401,
    detail: "The user's password has been changed.",
    onWire: true,
    meaning: 'The token was issued before the user changed the password.',
  },
  permission_denied: {
    status: 403,
    detail: 'You do not have permission to perform this action.',
    onWire: false,
    meaning: 'The user is known and may not do this; or a CSRF check failed.',
  },
  origin_not_allowed: {
    status: 403,
    detail: 'This request must come from a page of this server or of an allowed origin.',
    onWire: true,
    meaning:
      'The refresh token came by cookie, or would be set as one, and nothing proves that no other site made the request (`ALLOWED_ORIGINS`).',
  },
  not_found: { status: 404, detail: 'Not found.', onWire: false, meaning: 'Nothing is there.' },
  method_not_allowed: {
    status: 405,
    detail: 'Method not allowed.',
    onWire: false,
    meaning: 'The path exists and does not know this method; `Allow` lists those it knows.',
  },
  not_acceptable: {
    status: 406,
    detail: 'Could not satisfy the request Accept header.',
    onWire: false,
    meaning: 'The Accept header does not cover application/json.',
  },
  payload_too_large: {
    status: 413,
    detail: 'Request body is too large.',
    onWire: false,
    meaning: 'The body exceeds the limit.',
  },
  unsupported_media_type: {
    status: 415,
    detail: 'Unsupported media type in request.',
    onWire: false,
    meaning: 'The body is neither JSON nor a form.',
  },
  throttled: {
    status: 429,
    detail: 'Request was throttled.',
    onWire: false,
    meaning: 'Too many attempts; `Retry-After` says in how many seconds to try again.',
  },
  server_error: {
    status: 500,
    detail: 'Server Error (500)',
    onWire: false,
    meaning: 'A fault of ours. The body is {"error":"Server Error (500)"}.',
  },
  unavailable: {
    status: 503,
    detail: 'Service temporarily unavailable, try again later.',
    onWire: false,
    meaning:
      'The database or another part is away, or the password queue is full; `Retry-After` is set.',
  },
} as const satisfies Record<
  string,
  { status: number; detail: string; onWire: boolean; meaning: string }
>;

/**
 * A code of the catalogue.
 *
 * @publicApi
 */
export type ErrorCode = keyof typeof ERRORS;

/**
 * What an error may add to its catalogue entry.
 *
 * @publicApi
 */
export interface AuthErrorOptions {
  /** Text for the caller, in place of the catalogue's. */
  detail?: string;
  /** Sends no `code`, where SimpleJWT's refresh view sends none (contract §7). */
  bare?: boolean;
  /** Status in place of the catalogue's (403 for 401 where no challenge can be given, contract §11). */
  status?: number;
  /** Further members of the body (`messages`, `reason`). */
  members?: Record<string, unknown>;
  /** The whole body, in place of `detail` and `code` (field errors). */
  body?: Record<string, unknown>;
  /** Why, for the log only: a short code such as `bad_signature`. */
  reason?: string;
  /** Headers of the answer, names in lower case. */
  headers?: Record<string, string>;
  /** What went wrong underneath, for the log only. */
  cause?: unknown;
}

/**
 * An error with a code of the catalogue and the body that SimpleJWT would send. It is a Nest `HttpException`, so
 * that it renders with the right status and body in any host, with or without our filter.
 *
 * @publicApi
 */
export class AuthError extends HttpException {
  override readonly name: string = 'AuthError';
  readonly reason: string;
  readonly headers: Record<string, string>;

  constructor(
    readonly code: ErrorCode,
    options: AuthErrorOptions = {},
  ) {
    const entry = ERRORS[code];
    const detail = options.detail ?? entry.detail;
    const body = options.body ?? {
      detail,
      ...(entry.onWire && !options.bare ? { code } : {}),
      ...options.members,
    };
    super(body, options.status ?? entry.status, { cause: options.cause });
    this.message = detail;
    this.reason = options.reason ?? code;
    this.headers = options.headers ?? {};
  }
}

/** The same error with further members in its body. */
export function withMembers(error: AuthError, members: Record<string, unknown>): AuthError {
  return new AuthError(error.code, {
    body: { ...(error.getResponse() as Record<string, unknown>), ...members },
    status: error.getStatus(),
    reason: error.reason,
    headers: error.headers,
    cause: error.cause,
  });
}

/**
 * 401 `token_not_valid`: the presented token is refused (contract §6).
 *
 * @publicApi
 */
export class InvalidTokenError extends AuthError {
  override readonly name = 'InvalidTokenError';

  constructor(detail: string, options: Omit<AuthErrorOptions, 'detail'> = {}) {
    super('token_not_valid', { ...options, detail });
  }
}

/**
 * 400: field → list of messages (contract §4), or `non_field_errors`.
 *
 * @publicApi
 */
export class ValidationError extends AuthError {
  override readonly name = 'ValidationError';

  constructor(errors: Record<string, string[]>) {
    super('invalid', { body: errors });
  }
}

/**
 * 503 with `Retry-After`: the caller did nothing wrong and may try again.
 *
 * @publicApi
 */
export class UnavailableError extends AuthError {
  override readonly name = 'UnavailableError';

  constructor(reason: string, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super('unavailable', {
      reason,
      cause: options.cause,
      headers: { 'retry-after': String(options.retryAfterSeconds ?? 1) },
    });
  }
}
