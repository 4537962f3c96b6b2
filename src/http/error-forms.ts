import { STATUS_CODES } from 'node:http';
import { HttpStatus, type ArgumentsHost, type HttpException } from '@nestjs/common';
import { AuthError } from '../common/errors.js';

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

/** The body of an HTTP answer: ours, or what Nest's filter would make of an exception that the host throws. */
export function bodyOf(error: HttpException): object {
  const response: unknown = error.getResponse();
  if (typeof response === 'object' && response !== null && !(response instanceof Error)) {
    return response;
  }
  const statusCode = error.getStatus();
  // The message of an error that a host has wrapped is not for the caller.
  const message = response instanceof Error ? (STATUS_CODES[statusCode] ?? 'Error') : response;
  const { errorCode } = error;
  return { statusCode, message, ...(errorCode === undefined ? {} : { errorCode }) };
}

/** The error as WebSocket and message clients get it: Nest's form, with all that the HTTP body has. */
export function errorObject(error: HttpException): object {
  const body = bodyOf(error);
  return {
    status: 'error',
    statusCode: error.getStatus(),
    ...(error instanceof AuthError ? { code: error.code } : {}),
    message: messageOf(error),
    ...body,
  };
}

/**
 * The error as GraphQL clients get it, in `extensions`: the HTTP body's members, always with a code, and the HTTP status
 * where Apollo looks for it. graphql-js takes the extensions of any error, so that this package need not load it. The
 * code of a host's exception is its status in words (`CONFLICT`), unless its body has one.
 */
export function graphqlError(error: HttpException): Error {
  const status = error.getStatus();
  const extensions = {
    code: error instanceof AuthError ? error.code : (HttpStatus[status] ?? String(status)),
    ...bodyOf(error),
    http: { status },
  };
  return Object.assign(new Error(messageOf(error)), { extensions });
}

function messageOf(error: HttpException): string {
  const response: unknown = error.getResponse();
  return response instanceof Error ? (STATUS_CODES[error.getStatus()] ?? 'Error') : error.message;
}

/** Whether an error is made for the transport that it was thrown in: a `GraphQLError`, `WsException`, `RpcException`. */
export function isMadeFor(type: string, thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return type === 'graphql' ? 'extensions' in thrown : type !== 'http' && 'getError' in thrown;
}

/** What Nest's own filters send for a `WsException` or an `RpcException`. */
export function nestErrorObject(thrown: unknown): unknown {
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
