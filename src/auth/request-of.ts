import type { ArgumentsHost } from '@nestjs/common';
import { BARE_TOKEN, type CredentialSource } from './authenticated-user.js';
import { fieldRequest, refuseSharedContext } from './graphql-request.js';
import {
  CallRequest,
  hasHeaders,
  kept,
  oneCall,
  standIn,
  type GuardedRequest,
} from './guarded-request.js';
import { messageHeaders } from './message-headers.js';

/**
 * The request behind a call: over HTTP the platform's own, and so for GraphQL; else a stand-in with the headers or the
 * token that the transport carries. The same call gives the same object, so that what a guard leaves in it is found.
 *
 * @throws ConfigError when a context of GraphQL is one object for all requests
 */
export function requestOf(host: ArgumentsHost): GuardedRequest {
  const type = host.getType<string>();
  // First, as it is on the path of every guarded request.
  if (type === 'http') return host.getArgByIndex(0);
  if (type === 'graphql') refuseSharedContext(host.getArgByIndex(2));
  return findRequest(host);
}

/** The same for the log, which need not be sure whose request it is. */
export function findRequest(host: ArgumentsHost): GuardedRequest {
  switch (host.getType<string>()) {
    case 'graphql':
      return fieldRequest(host.getArgByIndex(2), host.getArgByIndex(3));
    case 'ws':
      return messageOf(clientRequest(host.getArgByIndex(0)), host.getArgByIndex(1));
    case 'rpc':
      return messageRequest(host.getArgByIndex(0), host.getArgByIndex(1));
    default:
      return otherRequest(host.getArgByIndex(0));
  }
}

/**
 * Puts whom a guard let in where `@CurrentUser()` looks, and the token where `@CurrentToken()` does, whatever the guard
 * looks at for credentials.
 */
export function keepUser(host: ArgumentsHost, request: GuardedRequest, user: unknown): void {
  request.user = user;
  const seen = requestOf(host);
  if (seen === request) return;
  seen.user = user;
  seen.authInfo = request.authInfo;
}

/** On a transport that nobody here knows: its guard overrides `getRequest`, and what it finds is kept beside the call. */
function otherRequest(source: unknown): GuardedRequest {
  if (hasHeaders(source)) return source;
  return typeof source === 'object' && source !== null ? kept(source, nobody) : nobody();
}

function nobody(): GuardedRequest {
  return standIn({});
}

/** A client's request as one of its messages sees it; those whose data is no object share one. */
function messageOf(request: GuardedRequest, data: unknown): GuardedRequest {
  if (typeof data !== 'object' || data === null) return request;
  return oneCall(data, () => new CallRequest(request));
}

/** A client of socket.io. */
interface SocketIoClient {
  readonly handshake?: {
    readonly headers?: CredentialSource['headers'];
    readonly auth?: { readonly token?: unknown };
    readonly address?: string;
  };
  readonly request?: { readonly rawHeaders?: readonly string[] };
}

function clientRequest(client: SocketIoClient): GuardedRequest {
  return kept(client, () => {
    const { handshake, request } = client;
    const made = standIn({
      headers: handshake?.headers,
      rawHeaders: request?.rawHeaders,
      socket: { remoteAddress: handshake?.address },
    });
    // Hosts may put a fresh token there.
    return Object.defineProperty(made, BARE_TOKEN, {
      get: () => textOf(handshake?.auth?.token),
    });
  });
}

/** Headers of the message where its transport has some, else the field `token` of its data. */
function messageRequest(data: unknown, context: unknown): GuardedRequest {
  const make = (): GuardedRequest => {
    const { headers, rawHeaders, remoteAddress } = messageHeaders(context);
    const token = textOf((data as { token?: unknown } | null | undefined)?.token);
    return standIn({ headers, rawHeaders, socket: { remoteAddress }, token });
  };
  return typeof context === 'object' && context !== null ? kept(context, make) : make();
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
