import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A request whose body a test sends by hand. */
export interface Upload {
  /** The request line, without the version. */
  readonly line: string;
  /** Bytes of the body. */
  readonly size: number;
  readonly isChunked: boolean;
  readonly headers?: readonly string[];
}

/** What became of one. */
export interface UploadEnd {
  readonly status: number;
  readonly body: string;
  /** Code of the error by which the connection broke; undefined when it ended in order. */
  readonly error: string | undefined;
}

const PIECE = 65_536;

/**
 * Sends all of a body, whatever the server says meanwhile, and only then reads what it has said, as simple HTTP clients
 * do: a connection that was reset by then has lost the answer.
 */
export async function uploadThenRead(url: string, upload: Upload): Promise<UploadEnd> {
  const socket = await beginUpload(url, upload);
  let error: string | undefined;
  socket.on('error', ({ code }: NodeJS.ErrnoException) => (error ??= code));
  for (let sent = 0; sent < upload.size && !socket.destroyed; sent += PIECE) {
    await sendPiece(socket, upload.isChunked);
  }
  if (upload.isChunked) socket.write('0\r\n\r\n');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  if (!socket.closed) await once(socket, 'close');
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), body, error };
}

/** Connects and sends the head of a request. */
export async function beginUpload(
  url: string,
  { line, size, isChunked, headers = [] }: Upload,
): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${size}`;
  const head = [`${line} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', length];
  socket.write([...head, ...headers, '', ''].join('\r\n'));
  return socket;
}

/** Sends the next 64 KiB, and waits for room where there is none. */
export async function sendPiece(socket: Socket, isChunked: boolean): Promise<void> {
  const piece = ' '.repeat(PIECE);
  const bytes = isChunked ? `${PIECE.toString(16)}\r\n${piece}\r\n` : piece;
  if (socket.write(bytes)) return;
  const waiting = new AbortController();
  // A connection that breaks gives no room any more.
  await Promise.race(
    ['drain', 'close'].map((event) => once(socket, event, { signal: waiting.signal })),
  ).catch(() => undefined);
  waiting.abort();
}
