import { once } from 'node:events';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';

/** What came back on a connection, taken apart as far as the tests look at it. */
export interface RawAnswer {
  /** Of the first answer; 0 when the connection ended without one. */
  readonly status: number;
  /** How many answers there were. */
  readonly count: number;
  readonly text: string;
}

/** Sends bytes that no HTTP client would send, and reads until the server ends the connection. */
export async function sendRaw(url: string, bytes: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // A server may cut the connection instead of answering.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  const text = await readText(socket).catch(() => '');
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  return { status: statuses[0] ?? 0, count: statuses.length, text };
}

/** The head of a request that asks for the connection to be closed behind its answer. */
export function requestHead(line: string, ...headers: string[]): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join(
    '\r\n',
  );
}
