import { Logger, type ArgumentsHost, type ExecutionContext } from '@nestjs/common';
import { BARE_TOKEN, type CredentialSource } from './credential-source.js';
import {
  CallRequest,
  isEverTold,
  isObject,
  kept,
  oneCall,
  standIn,
  type GuardedRequest,
} from './guarded-request.js';
import { messageHeaders } from './message-headers.js';

/** A client of socket.io. */
interface SocketIoClient {
  readonly handshake?: {
    readonly headers?: CredentialSource['headers'];
    readonly auth?: { readonly token?: unknown; readonly 'X-CSRFToken'?: unknown };
    readonly address?: string;
  };
  readonly request?: { readonly rawHeaders?: readonly string[] };
}

/** The handshake of a WebSocket client, as the handler of one of its messages sees it. */
export function gatewayRequest(host: ArgumentsHost): GuardedRequest {
  const [client, data, acknowledge] = host.getArgs<[SocketIoClient, unknown, unknown]>();
  const request = clientRequest(client);
  // Text or a number is not of one message alone. What acknowledges it is, where the client asked for that.
  const message = [data, acknowledge].find(isObject);
  return handlerRequest(host, message ?? request, request);
}

function clientRequest(client: SocketIoClient): GuardedRequest {
  return kept(client, () => {
    const { handshake, request } = client;
    const csrfToken = textOf(handshake?.auth?.['X-CSRFToken']);
    const made = standIn({
      // No page can set a header on a socket, and a session of Django's needs this one.
      headers: { ...(csrfToken && { 'x-csrftoken': csrfToken }), ...handshake?.headers },
      rawHeaders: request?.rawHeaders,
      socket: { remoteAddress: handshake?.address },
    });
    // Hosts may put a fresh token there.
    return Object.defineProperty(made, BARE_TOKEN, {
      get: () => (handshake ? textOf(handshake.auth?.token) : warnOnce()),
    });
  });
}

let hasWarned = false;

/** Without a word, a gateway of ws that hands over no credentials would answer 401 for ever. */
function warnOnce(): undefined {
  if (hasWarned || isEverTold()) return;
  hasWarned = true;
  new Logger('nest-simplejwt').warn(
    'A guard asks a WebSocket client for credentials, and has been told none. Clients of ws do not keep the request that opened the connection: hand it over in handleConnection(client, request) { setClientCredentials(client, request); }',
  );
}

/** Headers of the message where its transport has some, else the field `token` of its data; as one handler sees it. */
export function messageRequest(host: ArgumentsHost): GuardedRequest {
  const [data, context] = host.getArgs<[unknown, unknown]>();
  const make = (): GuardedRequest => {
    const { headers, rawHeaders, remoteAddress } = messageHeaders(context);
    const token = textOf((data as { token?: unknown } | null | undefined)?.token);
    return standIn({ headers, rawHeaders, socket: { remoteAddress }, token });
  };
  const message = [context, data].find(isObject);
  if (!message) return make();
  const request = kept(message, make);
  return handlerRequest(host, request, request);
}

interface HandlerKey {
  readonly gateway: unknown;
  readonly handler: unknown;
}

const keys = new WeakMap<object, HandlerKey[]>();

/** What a message shows to one of its handlers: others run beside it, each behind guards of its own. */
function handlerRequest(
  host: ArgumentsHost,
  message: object,
  request: GuardedRequest,
): GuardedRequest {
  const context = host as Partial<ExecutionContext>;
  // Filters are not told the handler, and need not be.
  const gateway = context.getClass?.();
  const handler = context.getHandler?.();
  let known = keys.get(message);
  if (!known) keys.set(message, (known = []));
  let key = known.find((one) => one.gateway === gateway && one.handler === handler);
  if (!key) known.push((key = { gateway, handler }));
  return oneCall(key, () => new CallRequest(request));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
