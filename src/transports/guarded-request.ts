import { BARE_TOKEN, type CredentialSource } from './credential-source.js';

/**
 * What guards and parameter decorators see of a call, whatever it came by.
 *
 * @publicApi
 */
export interface GuardedRequest extends CredentialSource {
  readonly url?: string;
  readonly socket?: { readonly remoteAddress?: string };
  /** The user that the guard let in. */
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

/** Requests of the package's own making, by what lives as long as they must: a client, a context of GraphQL or of a message. */
const syntheticRequests = new WeakMap<object, GuardedRequest>();

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
  credentialsWereSet = true;
  syntheticRequests.set(client, syntheticRequest(credentials));
}

let credentialsWereSet = false;

/** Whether the host has called {@link setClientCredentials} for any client. */
export function wereCredentialsSet(): boolean {
  return credentialsWereSet;
}

/** The request that was made for `owner`, or the one that `make` gives. */
export function rememberRequest(owner: object, make: () => GuardedRequest): GuardedRequest {
  return remember(syntheticRequests, owner, make);
}

/** The value that is remembered for `owner`, made at the first call. */
export function remember<Value>(
  memory: WeakMap<object, Value>,
  owner: object,
  make: () => Value,
): Value {
  let value = memory.get(owner);
  if (value === undefined) memory.set(owner, (value = make()));
  return value;
}

/** Whether something can be remembered for this value. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Whether this can be asked for credentials. */
export function hasHeaders(value: unknown): value is GuardedRequest {
  const { headers } = (value ?? {}) as { headers?: unknown };
  return typeof headers === 'object' && headers !== null;
}

/** A request with these credentials, for transports that have none. */
export function syntheticRequest({
  headers = {},
  rawHeaders = [],
  socket,
  token,
}: ClientCredentials): GuardedRequest {
  return { headers, rawHeaders, socket, [BARE_TOKEN]: token };
}

/**
 * A request as one of its calls sees it. Resolvers of one operation run side by side on one request, and messages of one
 * client on one handshake, each behind its own guard, and the user of one call must not show up in another. The user is
 * written to the request as well, where other code of the host looks for the user.
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
   * @param parent - the call that this one is a part of: its user counts, until a guard of this call decides
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
