import { Logger, type ArgumentsHost, type ExecutionContext } from '@nestjs/common';
import { BARE_TOKEN, type CredentialSource } from './credential-source.js';
import {
  CallRequest,
  isObject,
  remember,
  rememberRequest,
  syntheticRequest,
  wereCredentialsSet,
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
  // Two messages may have the same text or number. The function that acknowledges a message belongs to it alone, where the
  // client asked for an acknowledgement.
  const message = [data, acknowledge].find(isObject);
  return handlerRequest(host, message ?? request, request);
}

function clientRequest(client: SocketIoClient): GuardedRequest {
  return rememberRequest(client, () => {
    const { handshake, request } = client;
    const csrfToken = textOf(handshake?.auth?.['X-CSRFToken']);
    const made = syntheticRequest({
      // No page can set a header on a socket, and a session of Django's needs this one.
      headers: { ...(csrfToken && { 'x-csrftoken': csrfToken }), ...handshake?.headers },
      rawHeaders: request?.rawHeaders,
      socket: { remoteAddress: handshake?.address },
    });
    // Read at each call, as hosts may put a fresh token there.
    return Object.defineProperty(made, BARE_TOKEN, {
      get: () => (handshake ? textOf(handshake.auth?.token) : warnOnce()),
    });
  });
}

let hasWarned = false;

/** Without this warning, a gateway of ws that hands over no credentials would answer 401 for ever. */
function warnOnce(): undefined {
  if (hasWarned || wereCredentialsSet()) return;
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
    return syntheticRequest({ headers, rawHeaders, socket: { remoteAddress }, token });
  };
  const message = [context, data].find(isObject);
  if (!message) return make();
  const request = rememberRequest(message, make);
  return handlerRequest(host, request, request);
}

/** A call of one handler. */
interface HandlerCall {
  readonly gateway: unknown;
  readonly handler: unknown;
  readonly request: CallRequest;
}

const calls = new WeakMap<object, HandlerCall[]>();

/** What a message shows to one of its handlers: other handlers run beside it, each behind its own guards. */
function handlerRequest(
  host: ArgumentsHost,
  message: object,
  request: GuardedRequest,
): GuardedRequest {
  const context = host as Partial<ExecutionContext>;
  // Filters are not told the handler, and need not be.
  const gateway = context.getClass?.();
  const handler = context.getHandler?.();
  const ofMessage = remember(calls, message, (): HandlerCall[] => []);
  let call = ofMessage.find((one) => one.gateway === gateway && one.handler === handler);
  if (!call) ofMessage.push((call = { gateway, handler, request: new CallRequest(request) }));
  return call.request;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
