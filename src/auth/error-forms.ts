import type { ArgumentsHost } from '@nestjs/common';
import type { AuthError } from '../common/errors.js';

/** What errors of `@nestjs/websockets` and `@nestjs/microservices` have; this package loads neither. */
interface TransportError {
  readonly getError: () => unknown;
}

/** A client of socket.io, or of ws. */
interface WebSocketClient {
  readonly readyState?: unknown;
  readonly send?: (text: string) => unknown;
  readonly emit?: (event: string, payload: unknown) => unknown;
}

/** The error as WebSocket and message clients get it: Nest's form, with all that the HTTP body has. */
export function errorObject(error: AuthError): object {
  return {
    status: 'error',
    statusCode: error.getStatus(),
    code: error.code,
    message: error.message,
    ...(error.getResponse() as object),
  };
}

/**
 * The error as GraphQL clients get it, in `extensions`: the HTTP body's members, always with a code, and the HTTP status
 * where Apollo looks for it. graphql-js takes the extensions of any error, so that this package need not load it.
 */
export function graphqlError(error: AuthError): Error {
  const extensions = {
    code: error.code,
    ...(error.getResponse() as object),
    http: { status: error.getStatus() },
  };
  return Object.assign(new Error(error.message), { extensions });
}

/** Whether an error is made for the transport that it was thrown in: a `GraphQLError`, `WsException`, `RpcException`. */
export function isMadeFor(type: string, thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return type === 'graphql' ? 'extensions' in thrown : type !== 'http' && 'getError' in thrown;
}

/** What Nest's own filters send for a `WsException` or an `RpcException`. */
export function ownErrorObject(thrown: unknown): unknown {
  const content = (thrown as TransportError).getError();
  return typeof content === 'object' ? content : { status: 'error', message: content };
}

/** Sends the event `exception`, as Nest's filter does, to a client of socket.io or of ws. */
export function sendException(host: ArgumentsHost, payload: unknown): void {
  const client = host.getArgByIndex<WebSocketClient>(0);
  // Sockets of ws are event emitters as well; those of socket.io have no numeric state.
  if (typeof client.readyState === 'number') {
    client.send?.(JSON.stringify({ event: 'exception', data: payload }));
  } else client.emit?.('exception', payload);
}
