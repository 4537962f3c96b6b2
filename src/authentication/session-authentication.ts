import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { parse } from 'cookie';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { Clock } from '../common/clock.js';
import { AuthError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { UserStore } from '../users/user-store.js';
import { Authentication, authenticatedUser, type Authenticated } from './authentication.js';
import { headerOf } from './headers.js';
import type { CredentialSource } from '../transports/credential-source.js';
import { DjangoSession } from './django-session.entity.js';
import { authHashFits, readSession, type SessionUser } from './domain/django-session.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** Letters of Django's CSRF secret; a masked token is a mask of this length and the masked secret. */
const SECRET_LENGTH = 32;
const CSRF_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * DRF's `SessionAuthentication`: the browser session of a Django server on the same database (contract §11). A session
 * that is unknown, over, or of an inactive user counts as none at all.
 */
@Injectable()
export class SessionAuthentication extends Authentication {
  override readonly name = 'SessionAuthentication';
  override readonly strategyName = 'session';
  override readonly challenge = null;
  /** The present secret, then the earlier ones, as Django's `SECRET_KEY_FALLBACKS`. */
  private readonly secrets: readonly string[];

  constructor(
    @InjectRepository(DjangoSession) private readonly sessions: Repository<DjangoSession>,
    private readonly users: UserStore,
    private readonly clock: Clock,
    settings: AuthSettings,
  ) {
    super();
    const { sessionSecretKey, signingKey, previousSigningKeys } = settings;
    this.secrets =
      sessionSecretKey === null ? [signingKey, ...previousSigningKeys] : [sessionSecretKey];
  }

  override async authenticate(request: CredentialSource): Promise<Authenticated | null> {
    const key = cookieOf(request, 'sessionid');
    if (key === '' || key.length > 40 || key.includes('\0')) return null;
    const expireDate = MoreThan(new Date(this.clock.now()));
    const row = await this.sessions.findOneBy({ key, expireDate });
    const session = row && this.read(row.data);
    if (session === null) return null;
    const user = await this.users.findById(session.userId);
    if (!user?.isActive || !this.isOfPassword(session, user.password)) return null;
    // A browser sends the cookie by itself, also when another site made the request.
    if (!isHttp(request) || !SAFE_METHODS.has(request.method ?? '')) checkCsrf(request);
    return { user: authenticatedUser(user) };
  }

  private read(data: string): SessionUser | null {
    for (const secret of this.secrets) {
      const session = readSession(data, secret);
      if (session !== null) return session;
    }
    return null;
  }

  /** By any of the secrets: Django signs a session anew and leaves the digest in it as it was. */
  private isOfPassword(session: SessionUser, password: string): boolean {
    return this.secrets.some((secret) => authHashFits(session, password, secret));
  }
}

/**
 * Whether the request asks for an answer and nothing else. A socket is opened by a GET that any page may send, with its
 * visitor's cookies, and no rule of the browser keeps the page from writing and reading what follows (RFC 6455 §10.2).
 * Messages have no method.
 */
function isHttp(request: CredentialSource): boolean {
  return request.method !== undefined && !/websocket/i.test(headerOf(request, 'upgrade'));
}

/**
 * Django's check: the cookie and the header hold the same secret, whatever mask each wears. Over HTTP a request may name
 * no origin, as in Django; the opening of a socket must name one, since every browser does.
 */
function checkCsrf(request: CredentialSource): void {
  const origin = headerOf(request, 'origin');
  if ((origin !== '' || !isHttp(request)) && originHost(origin) !== headerOf(request, 'host')) {
    throw forbidden(
      `Origin checking failed - ${origin || 'null'} does not match any trusted origins.`,
    );
  }
  const cookie = csrfSecret(cookieOf(request, 'csrftoken'));
  if (cookie === null) throw forbidden('CSRF cookie not set.');
  const header = csrfSecret(headerOf(request, 'x-csrftoken'));
  if (header === null) throw forbidden('CSRF token missing or incorrect.');
  if (!timingSafeEqual(Buffer.from(cookie), Buffer.from(header))) {
    throw forbidden('CSRF token missing or incorrect.');
  }
}

function forbidden(detail: string): AuthError {
  return new AuthError('permission_denied', { detail: `CSRF Failed: ${detail}`, reason: 'csrf' });
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** The secret of a token that is bare or masked; null when it is neither. */
function csrfSecret(token: string): string | null {
  if (!/^[A-Za-z0-9]+$/.test(token)) return null;
  if (token.length === SECRET_LENGTH) return token;
  if (token.length !== 2 * SECRET_LENGTH) return null;
  const size = CSRF_LETTERS.length;
  return Array.from({ length: SECRET_LENGTH }, (_, index) => {
    const mask = CSRF_LETTERS.indexOf(token.charAt(index));
    const masked = CSRF_LETTERS.indexOf(token.charAt(index + SECRET_LENGTH));
    return CSRF_LETTERS.charAt((masked - mask + size) % size);
  }).join('');
}

/** The first cookie of that name (RFC 6265 §5.4), which Django does not decode. */
function cookieOf(request: CredentialSource, name: string): string {
  const cookies = parse(headerOf(request, 'cookie'), { decode: (value) => value });
  return cookies[name]?.replaceAll(/^"|"$/g, '') ?? '';
}
