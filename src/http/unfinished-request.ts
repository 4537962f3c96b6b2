import type { IncomingMessage, ServerResponse } from 'node:http';

/** For how long the rest of a request is read and dropped after its answer, ms. */
const DISCARD_TIME = 10_000;
/** How much of the rest is read, bytes. */
const DISCARD_SIZE = 67_108_864;

/** Error codes of a stream whose other end has gone. */
const HANG_UPS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Node's own request or response, or what Fastify keeps it in. */
type Wrapped<T extends object> = T | { readonly raw: T };

/**
 * Makes the answer to an unfinished request arrive. The system resets a connection that is closed while bytes of the
 * client are unread, and the client loses any answer that it has not read by then. So the answer is sent at once, but the
 * response ends, and with it perhaps the connection, only after the rest of the request has been read and dropped, within
 * the two bounds above.
 *
 * @param wrappedResponse - not answered yet
 */
export function answerBeforeEnd(
  wrappedRequest: Wrapped<IncomingMessage>,
  wrappedResponse: Wrapped<ServerResponse>,
): void {
  const request = unwrapped(wrappedRequest);
  const response = unwrapped(wrappedResponse);
  if (request.complete) return;
  const end = response.end.bind(response);
  response.end = (chunk?: unknown): ServerResponse => {
    response.end = end;
    const body = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : '';
    // Without a length the client would not see the end of the answer before the response ends.
    if (!response.headersSent) response.setHeader('Content-Length', Buffer.byteLength(body));
    if (body === '') response.flushHeaders();
    else response.write(body);
    discard(request, () => response.end());
    return response;
  };
}

function discard(request: IncomingMessage, done: () => void): void {
  let size = 0;
  const finish = (): void => {
    clearTimeout(timer);
    request.off('data', drop).off('end', finish).off('error', finish).off('close', finish);
    done();
  };
  const drop = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > DISCARD_SIZE) finish();
  };
  const timer = setTimeout(finish, DISCARD_TIME).unref();
  if (request.destroyed) finish();
  else request.on('data', drop).on('end', finish).on('error', finish).on('close', finish);
  request.resume();
}

/** Whether an error only says that the client went away before the end of its request. */
export function isHangUp(error: unknown, wrappedRequest: Wrapped<IncomingMessage>): boolean {
  const { complete, destroyed, errored } = unwrapped(wrappedRequest);
  if (complete || !destroyed) return false;
  return error === errored || HANG_UPS.has(String((error as { code?: unknown } | null)?.code));
}

function unwrapped<T extends object>(wrapped: Wrapped<T>): T {
  return 'raw' in wrapped ? wrapped.raw : wrapped;
}
