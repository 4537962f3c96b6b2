import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuthError } from '../common/errors.js';

/**
 * Makes a response of Express send JSON as the contract has it: no charset, no `ETag` with its 304, no `X-Powered-By`.
 * Express has settings for these, for the whole application; this is for one response.
 */
export function answerPlainly(request: IncomingMessage, response: ServerResponse): void {
  const send = (body?: unknown): ServerResponse => {
    // An answer that comes after the deadline's.
    if (response.headersSent) return response;
    if (body === undefined || body === null) {
      response.removeHeader('Content-Type');
      return response.end();
    }
    const text = JSON.stringify(body);
    // Express adds a charset to whatever is set through it.
    const [type = ''] = String(response.getHeader('Content-Type')).split(';', 1);
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', Buffer.byteLength(text));
    return request.method === 'HEAD' ? response.end() : response.end(text);
  };
  Object.assign(response, { json: send, send });
  response.removeHeader('X-Powered-By');
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('X-Content-Type-Options', 'nosniff');
}

/**
 * Reads a body as it is on the wire; it is not inflated.
 *
 * @param limit - bytes
 * @throws AuthError `payload_too_large`, after which the connection is closed: the client may have more to send
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (): void => {
      request.off('data', take).off('end', finish).off('error', abort);
    };
    const refuse = (): void => {
      stop();
      response.setHeader('Connection', 'close');
      reject(new AuthError('payload_too_large'));
    };
    const abort = (cause: Error): void => {
      reject(new AuthError('parse_error', { reason: 'aborted', cause }));
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) refuse();
      else chunks.push(chunk);
    };
    const finish = (): void => {
      stop();
      resolve(Buffer.concat(chunks, size));
    };
    if (Number(request.headers['content-length']) > limit) refuse();
    else request.on('data', take).on('end', finish).on('error', abort);
  });
}
