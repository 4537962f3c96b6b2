import { Injectable } from '@nestjs/common';
import { AuthError, InvalidTokenError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { headerName } from '../config/setting-forms.js';
import { tokenChallenge } from '../http/challenge.js';
import { sessionIdOf } from '../ledger/domain/session-claims.js';
import type { RefreshTokenLedger } from '../ledger/refresh-token-ledger.js';
import type { Claims } from '../tokens/domain/compact.js';
import {
  RefreshToken,
  SlidingToken,
  TOKEN_KINDS,
  type TokenKind,
} from '../tokens/domain/token-kind.js';
import { TokensService } from '../tokens/tokens.service.js';
import { BARE_TOKEN, type CredentialSource } from '../transports/credential-source.js';
import type { AuthenticatedUser } from '../users/authenticated-user.js';
import { Authentication, type Authenticated } from './authentication.js';
import { guardRefusal } from './guard-refusal.js';
import { headerOf, isRepeated, wordsOf } from './headers.js';

/** The user of a token, and what the answer about the user rests on. */
export interface TokenOwner<Facts> {
  readonly user: AuthenticatedUser;
  readonly facts: Facts;
}

/** The cached result of a successful check, reused as long as `facts` still hold. */
interface Acceptance<Facts> {
  readonly facts: Facts;
  readonly answer: Authenticated;
}

/**
 * Takes a token from the request, verifies it, and checks that it is of one of the kinds of `AUTH_TOKEN_CLASSES`
 * (contract §11). Subclasses say who the user is.
 */
@Injectable()
export abstract class BearerAuthentication<Facts> extends Authentication {
  override readonly challenge: string;
  private readonly headerName: string;
  private readonly kinds: readonly TokenKind[];
  /** In lower case. */
  private readonly keywords: ReadonlySet<string>;
  /** The first keyword and the blank after it: how the header starts in nearly every request. */
  private readonly usualStart: string;
  /** Accepted tokens, as long as their verified claims are remembered. */
  private readonly recentlyAccepted = new WeakMap<Claims, Acceptance<Facts>>();

  /** Asked whether a refresh or sliding token was revoked; null where no token is looked up. */
  protected readonly ledger: RefreshTokenLedger | null = null;

  constructor(
    protected readonly settings: AuthSettings,
    protected readonly tokens: TokensService,
  ) {
    super();
    this.challenge = tokenChallenge(settings);
    this.headerName = headerName(settings.authHeaderName);
    this.usualStart = `${settings.authHeaderTypes[0]} `;
    // The name of a scheme has no case (RFC 9110 §11.1).
    this.keywords = new Set(settings.authHeaderTypes.map((type) => type.toLowerCase()));
    this.kinds = settings.authTokenClasses.map((name) => TOKEN_KINDS[name]);
  }

  override async authenticate(request: CredentialSource): Promise<Authenticated | null> {
    const token = this.findToken(request);
    if (token === null) return null;
    const { claims, kind } = await this.validate(token);
    const { user, facts } = await this.ownerOf(claims);
    const answer = { user, claims };
    // The feed tells of no change to what the ledger has said, so that the ledger is asked each time.
    if (!this.asksLedger(claims, kind)) this.recentlyAccepted.set(claims, { facts, answer });
    return answer;
  }

  /**
   * The answer to a token that was accepted before, where nothing has changed since: the token has not expired, and the
   * facts that the answer rests on still hold.
   */
  override recall(request: CredentialSource): Authenticated | null {
    const token = this.usualToken(request);
    const claims = token === null ? null : this.tokens.recall(token);
    const acceptance = claims && this.recentlyAccepted.get(claims);
    if (!acceptance || !this.holds(acceptance.facts)) return null;
    // The host may write to the user of a request; the next request must not see it.
    return { ...acceptance.answer, user: { ...acceptance.answer.user } };
  }

  /**
   * The token of the header, or of the call where the call has no header; null when there is none, or another keyword.
   *
   * @throws AuthError `bad_authorization_header` when there is not exactly one word after the keyword
   */
  findToken(request: CredentialSource): string | null {
    const value = headerOf(request, this.headerName);
    if (value === '') return request[BARE_TOKEN] ?? null;
    const words = wordsOf(value);
    const [keyword, token] = words;
    if (keyword === undefined || !this.keywords.has(keyword.toLowerCase())) return null;
    if (words.length !== 2 || token === undefined) throw new AuthError('bad_authorization_header');
    return token;
  }

  /** @throws AuthError when nobody is the owner of these verified claims */
  protected abstract ownerOf(claims: Claims): TokenOwner<Facts> | Promise<TokenOwner<Facts>>;

  /** Whether the facts of an earlier answer are still true. */
  protected abstract holds(facts: Facts): boolean;

  /** @throws AuthError `token_not_valid` when the claims name no user */
  protected userIdOf(claims: Claims): unknown {
    const id = this.tokens.userIdOf(claims);
    if (id !== undefined) return id;
    throw new InvalidTokenError('Token contained no recognizable user identification', {
      reason: 'no_user_id',
    });
  }

  /** A refusal with one message for each accepted class. */
  protected refusal(reason: string, messageOf: (kind: TokenKind) => string): InvalidTokenError {
    return guardRefusal(this.kinds, reason, messageOf);
  }

  /** The token where it stands as in nearly every request; null says nothing. */
  private usualToken(request: CredentialSource): string | null {
    const value = request.headers[this.headerName];
    if (typeof value !== 'string') return request[BARE_TOKEN] ?? null;
    if (!value.startsWith(this.usualStart) || isRepeated(request, this.headerName)) return null;
    return value.slice(this.usualStart.length);
  }

  /** @throws AuthError `token_not_valid` with one message for each accepted class */
  private async validate(token: string): Promise<{ claims: Claims; kind: TokenKind }> {
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
      if (problem === null) return { claims, kind };
      problems.set(kind, problem);
    }
    throw this.refusal('wrong_type', (kind) => problems.get(kind) ?? '');
  }

  /** Contract §6 from step 7 on. Access tokens are not looked up in the ledger. */
  private async problem(claims: Claims, kind: TokenKind): Promise<string | null> {
    if (this.asksLedger(claims, kind) && (await this.ledger?.isRevoked(claims))) {
      return 'Token is blacklisted';
    }
    return this.tokens.kindProblem(claims, kind);
  }

  /** A live session says enough of a sliding token, but not of a refresh token, which may be a spent one. */
  private asksLedger(claims: Claims, kind: TokenKind): boolean {
    if (this.ledger === null) return false;
    if (kind.type === RefreshToken.type) return true;
    const isOfSession = this.settings.checkSession && sessionIdOf(claims) !== null;
    return kind.type === SlidingToken.type && !isOfSession;
  }
}
