import { Injectable } from '@nestjs/common';
import { AuthError, InvalidTokenError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { AuthFacts, type LiveFacts } from '../ledger/auth-facts.js';
import { SESSION_CLAIM, sessionIdOf } from '../ledger/domain/session-claims.js';
import { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import type { Claims } from '../tokens/domain/compact.js';
import {
  RefreshToken,
  SlidingToken,
  TOKEN_KINDS,
  type TokenKind,
} from '../tokens/domain/token-kind.js';
import { userIdText } from '../tokens/domain/user-id.js';
import { TokensService } from '../tokens/tokens.service.js';
import type { AuthUser } from '../users/user-store.js';
import { type AuthenticatedUser } from '../users/authenticated-user.js';
import { Authentication, type Authenticated } from './authentication.js';
import { headerOf, isRepeated, wordsOf } from './headers.js';
import { BARE_TOKEN, type CredentialSource } from '../transports/credential-source.js';
import { tokenChallenge } from '../http/challenge.js';

/** What a token was let in for. */
interface Admission {
  readonly facts: LiveFacts | null;
  readonly answer: Authenticated;
}

/**
 * SimpleJWT's `JWTAuthentication`: an access token in the authorization header opens the route for its user
 * (contract §11).
 */
@Injectable()
export class JwtAuthentication extends Authentication {
  override readonly challenge: string;
  private readonly headerName: string;
  private readonly kinds: readonly TokenKind[];
  /** The first keyword with the blank behind it: how the header starts in nearly every request. */
  private readonly usualStart: string;
  /** What tokens were let in for, as long as their verified claims are remembered. */
  private readonly admissions = new WeakMap<Claims, Admission>();

  constructor(
    private readonly settings: AuthSettings,
    protected readonly tokens: TokensService,
    private readonly ledger: RefreshTokenLedger,
    private readonly facts: AuthFacts,
  ) {
    super();
    this.challenge = tokenChallenge(settings);
    this.headerName = settings.authHeaderName
      .slice('HTTP_'.length)
      .replaceAll('_', '-')
      .toLowerCase();
    this.usualStart = `${settings.authHeaderTypes[0]} `;
    this.kinds = settings.authTokenClasses.map((name) => TOKEN_KINDS[name]);
  }

  override async authenticate(request: CredentialSource): Promise<Authenticated | null> {
    const token = this.findToken(request);
    if (token === null) return null;
    const claims = await this.validate(token);
    const facts = await this.factsOf(claims);
    const answer = { user: this.userFrom(claims, facts), claims };
    if (!this.wasLedgerAsked(claims)) this.admissions.set(claims, { facts, answer });
    return answer;
  }

  /**
   * The answer to a token that was let in before, where nothing has changed since: its times are good, and the session
   * and user it was let in for are still the very ones that are known to be live. Null when that cannot be said without
   * asking; it never refuses.
   */
  recall(request: CredentialSource): Authenticated | null {
    const token = this.usualToken(request);
    const claims = token === null ? null : this.tokens.recall(token);
    const admission = claims && this.admissions.get(claims);
    if (!admission || (admission.facts && !this.facts.isStill(admission.facts))) return null;
    // The host may write to the user of a request; the next request must not see it.
    return { ...admission.answer, user: { ...admission.answer.user } };
  }

  /**
   * The stored user of claims that a class which looks nobody up has believed. All is asked that is asked of a token
   * here: the session, the user, the password.
   *
   * @throws AuthError `token_not_valid`, `user_not_found`, `user_inactive` or `password_changed`
   */
  async storedUser(claims: Claims): Promise<AuthenticatedUser> {
    return this.userFrom(claims, await this.factsOf(claims));
  }

  /** The token where it stands as in nearly every request; null says nothing. */
  private usualToken(request: CredentialSource): string | null {
    const value = request.headers[this.headerName];
    if (typeof value !== 'string') return request[BARE_TOKEN] ?? null;
    if (!value.startsWith(this.usualStart) || isRepeated(request, this.headerName)) return null;
    return value.slice(this.usualStart.length);
  }

  /**
   * The token of the header, or of the call where that has no header; null when there is none, or another keyword.
   *
   * @throws AuthError `bad_authorization_header` when there is not exactly one word behind the keyword
   */
  findToken(request: CredentialSource): string | null {
    const value = headerOf(request, this.headerName);
    if (value === '') return request[BARE_TOKEN] ?? null;
    const words = wordsOf(value);
    const [keyword, token] = words;
    if (keyword === undefined || !this.settings.authHeaderTypes.includes(keyword)) return null;
    if (words.length !== 2 || token === undefined) throw new AuthError('bad_authorization_header');
    return token;
  }

  /** @throws AuthError `token_not_valid` with one message for each accepted class */
  protected async validate(token: string): Promise<Claims> {
    let claims: Claims;
    try {
      claims = await this.tokens.decode(token);
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      throw this.refusal(error.reason, () => error.message);
    }
    const problems = new Map<TokenKind, string>();
    for (const kind of this.kinds) {
      const problem = await this.problem(claims, kind);
      if (problem === null) return claims;
      problems.set(kind, problem);
    }
    throw this.refusal('wrong_type', (kind) => problems.get(kind) ?? '');
  }

  /** Contract §6 from step 7 on. Access tokens are not looked up in the ledger. */
  private async problem(claims: Claims, kind: TokenKind): Promise<string | null> {
    if (this.asksLedger(claims, kind) && (await this.isRevoked(claims))) {
      return 'Token is blacklisted';
    }
    return this.tokens.kindProblem(claims, kind);
  }

  /** Of a sliding token the live session says enough; of a refresh token not, which may be a spent one. */
  private asksLedger(claims: Claims, kind: TokenKind): boolean {
    if (kind.type === RefreshToken.type) return true;
    return kind.type === SlidingToken.type && !this.asksSession(claims);
  }

  /** What the ledger has said no feed takes back: it has to be asked each time. */
  private wasLedgerAsked(claims: Claims): boolean {
    const kind = this.kinds.find((one) => this.tokens.kindProblem(claims, one) === null);
    return kind !== undefined && this.asksLedger(claims, kind);
  }

  /**
   * The live session and user that the token names, or null where none is looked up.
   *
   * @throws AuthError `token_not_valid`, `user_not_found`, `user_inactive` or `password_changed`
   */
  async factsOf(claims: Claims): Promise<LiveFacts | null> {
    const claim = this.tokens.userIdOf(claims);
    if (claim === undefined) {
      throw new InvalidTokenError('Token contained no recognizable user identification', {
        reason: 'no_user_id',
      });
    }
    const id = userIdText(claim);
    const facts = id === null ? null : await this.findFacts(claims, id);
    if (facts === null) throw new AuthError('user_not_found');
    const { user } = facts;
    if (this.settings.checkUserIsActive && !user.isActive) throw new AuthError('user_inactive');
    if (!this.tokens.passwordIsCurrent(claims, user.password)) {
      throw new AuthError('password_changed');
    }
    return facts;
  }

  /** Who makes the request, as the rest of the application sees it. */
  protected userFrom(_claims: Claims, facts: LiveFacts | null): AuthenticatedUser {
    if (facts === null) throw new AuthError('user_not_found');
    return authenticatedUser(facts.user);
  }

  /**
   * With `CHECK_SESSION` the session must be live (design §3); a token without one comes from another issuer.
   *
   * @throws AuthError `token_not_valid` when the session has ended or there is none
   */
  private async findFacts(claims: Claims, id: string): Promise<LiveFacts | null> {
    const { checkSession, acceptUnknownTokens } = this.settings;
    const sid = sessionIdOf(claims);
    if (!checkSession || (sid === null && acceptUnknownTokens && !(SESSION_CLAIM in claims))) {
      return this.facts.findUser(id);
    }
    if (sid === null) throw this.refusal('no_session', () => 'Token is invalid');
    const facts = await this.facts.findSession(sid);
    if (facts === null) throw this.refusal('session_ended', () => 'Token is blacklisted');
    return String(facts.user.tokenId) === id ? facts : null;
  }

  /** Asked of sliding tokens, and of refresh tokens where `AUTH_TOKEN_CLASSES` takes them. */
  protected isRevoked(claims: Claims): Promise<boolean> {
    return this.ledger.isRevoked(claims);
  }

  /** Whether the session will be looked at anyway, so that the ledger need not be. */
  private asksSession(claims: Claims): boolean {
    return this.settings.checkSession && sessionIdOf(claims) !== null;
  }

  private refusal(reason: string, messageOf: (kind: TokenKind) => string): InvalidTokenError {
    const messages = this.kinds.map((kind) => ({
      token_class: kind.className,
      token_type: kind.type,
      message: messageOf(kind),
    }));
    return new InvalidTokenError('Given token not valid for any token type', {
      reason,
      members: { messages },
    });
  }
}

/** What of a stored user the rest of the application may see. */
export function authenticatedUser(
  user: Pick<AuthUser, 'id' | 'username' | 'isActive' | 'isStaff'>,
): AuthenticatedUser {
  return {
    id: user.id,
    username: user.username,
    isActive: user.isActive,
    isStaff: user.isStaff,
  };
}
