import { BARE_TOKEN, type CredentialSource } from './credential-source.js';

/**
 * What guards and parameter decorators see of a call, whatever it came by.
 *
 * @publicApi
 */
export interface GuardedRequest extends CredentialSource {
  readonly url?: string;
  readonly socket?: { readonly remoteAddress?: string };
  /** Whom the guard let in. */
  user?: unknown;
  /** What passport keeps beside the user: the token's claims. */
  authInfo?: unknown;
}

/**
 * Credentials of a WebSocket client: the request that opened its connection has them, or a token does.
 *
 * @publicApi
 */
export interface ClientCredentials {
  readonly headers?: CredentialSource['headers'];
  readonly rawHeaders?: readonly string[];
  readonly socket?: GuardedRequest['socket'];
  /** An access token without keyword, where no header can be sent: browsers set none on WebSockets. */
  readonly token?: string;
}

/** Stand-ins for requests, by what lives as long as they must: a client, a context of GraphQL or of a message. */
const standIns = new WeakMap<object, GuardedRequest>();

/**
 * Says who a WebSocket client is, where the guards cannot see it: clients of `ws` do not keep the request that opened
 * the connection, and a client may send a fresh token in a message of its own. Clients of socket.io need no such call:
 * their `auth: { token }` and their headers are read from the handshake.
 *
 * @publicApi
 * @example
 * handleConnection(client: WebSocket, request: IncomingMessage) {
 *   setClientCredentials(client, request);
 * }
 */
export function setClientCredentials(client: object, credentials: ClientCredentials): void {
  everTold = true;
  standIns.set(client, standIn(credentials));
}

let everTold = false;

/** Whether the host has said so of any client. */
export function isEverTold(): boolean {
  return everTold;
}

/** The stand-in of what it stands for, made at the first call. */
export function kept(owner: object, make: () => GuardedRequest): GuardedRequest {
  let request = standIns.get(owner);
  if (!request) standIns.set(owner, (request = make()));
  return request;
}

/** What something can be kept for. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Whether this can be asked for credentials. */
export function hasHeaders(value: unknown): value is GuardedRequest {
  const { headers } = (value ?? {}) as { headers?: unknown };
  return typeof headers === 'object' && headers !== null;
}

/** A request with these credentials, for transports that have none. */
export function standIn({
  headers = {},
  rawHeaders = [],
  socket,
  token,
}: ClientCredentials): GuardedRequest {
  return { headers, rawHeaders, socket, [BARE_TOKEN]: token };
}

/**
 * A request as one of its calls sees it: resolvers of one operation run side by side on one request, and messages of one
 * client on one handshake, each behind a guard of its own, and what one call's guard finds must not show up in another's.
 * Users are told the request too, where other code of the host looks for them.
 */
export class CallRequest implements GuardedRequest {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: GuardedRequest['headers'];
  readonly rawHeaders: GuardedRequest['rawHeaders'];
  readonly raw: GuardedRequest['raw'];
  readonly socket: GuardedRequest['socket'];
  private found: Found | null = null;

  /**
   * @param parent - the call that this one is a part of: what its guard found counts, until a guard of this one decides
   */
  constructor(
    private readonly request: GuardedRequest,
    private readonly parent: CallRequest | null = null,
  ) {
    this.method = request.method;
    this.url = request.url;
    this.headers = request.headers;
    this.rawHeaders = request.rawHeaders;
    this.raw = request.raw;
    this.socket = request.socket;
  }

  /** Always the latest: a client may renew it. */
  get [BARE_TOKEN](): string | undefined {
    return this.request[BARE_TOKEN];
  }

  get user(): unknown {
    return (this.found ?? this.parent)?.user;
  }

  set user(user: unknown) {
    this.found = { ...this.found, user };
    this.request.user = user;
  }

  get authInfo(): unknown {
    return (this.found ?? this.parent)?.authInfo;
  }

  set authInfo(authInfo: unknown) {
    this.found = { ...this.found, authInfo };
  }
}

type Found = Pick<GuardedRequest, 'user' | 'authInfo'>;

const calls = new WeakMap<object, CallRequest>();

/** What {@link CallRequest} a call has, found by what only this call has. */
export function findCall(key: object): CallRequest | null {
  return calls.get(key) ?? null;
}

/** The call's own view of the request, made when it is first asked for. */
export function oneCall(key: object, make: () => CallRequest): CallRequest {
  let call = calls.get(key);
  if (!call) calls.set(key, (call = make()));
  return call;
}
