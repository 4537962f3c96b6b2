import { once } from 'node:events';
import { request as open, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import type { Message } from './format.js';
import type { Scope } from './scope.js';

/** What came back, and between which moments (epoch seconds). */
export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined when the body is no JSON. */
  readonly json: unknown;
  readonly sentAt: number;
  readonly receivedAt: number;
}

const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** Sends a message on a connection of its own. `fetch` would add and refuse headers by itself. */
export async function exchange(url: string, message: Message, scope: Scope): Promise<Received> {
  const { content, type } = bodyOf(message, scope);
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    scope.insertText(value),
  ]);
  const length = content?.length ?? (BODILESS.has(message.method) ? undefined : 0);
  const sentAt = Date.now() / 1000;
  const request = open(new URL(url), {
    method: message.method,
    path: scope.insertText(message.path),
    agent: false,
    headers: {
      ...(type === null ? {} : { 'content-type': type }),
      ...(length === undefined ? {} : { 'content-length': length }),
      ...Object.fromEntries(headers),
    },
  });
  // A server may answer, and close, before it has read everything.
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  request.end(content);
  const [response] = await answered;
  request.on('error', () => undefined);
  const text = await readText(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: parse(text),
    sentAt,
    receivedAt: Date.now() / 1000,
  };
}

function bodyOf(message: Message, scope: Scope): { content?: Buffer; type: string | null } {
  const { json, form, multipart, raw, base64, type = null } = message;
  if (json !== undefined) {
    return { content: Buffer.from(JSON.stringify(scope.insert(json))), type: 'application/json' };
  }
  if (form !== undefined) {
    const fields = new URLSearchParams(scope.insert(form) as Record<string, string>);
    return { content: Buffer.from(fields.toString()), type: 'application/x-www-form-urlencoded' };
  }
  if (multipart !== undefined)
    return multipartBody(Object.entries(scope.insert(multipart) as object));
  if (raw !== undefined) return { content: Buffer.from(scope.insertText(raw)), type };
  if (base64 !== undefined) return { content: Buffer.from(base64, 'base64'), type };
  return { type };
}

function multipartBody(fields: [string, unknown][]): { content: Buffer; type: string } {
  const boundary = 'boundary-of-the-corpus';
  const parts = fields.map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${String(value)}\r\n`,
  );
  const content = Buffer.from(`${parts.join('')}--${boundary}--\r\n`);
  return { content, type: `multipart/form-data; boundary=${boundary}` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
