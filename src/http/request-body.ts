import { Busboy } from '@fastify/busboy';
import { charsetLabel, decode, decodingsOf, unquote } from './charset.js';
import { AuthError } from '../common/errors.js';

/** Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`: a million fields in one body must not cost us a million objects. */
const MAX_FIELDS = 1000;

/** Parts of a multipart body: each is a stream to its parser, which costs a hundred times what a field of a form does. */
const MAX_PARTS = 100;

/** Bytes given to the multipart parser at a time: a megabyte of hostile headers in one piece takes it a second. */
const MULTIPART_CHUNK = 16 * 1024;

/** Django's rule for a boundary; it also keeps a hostile one out of the multipart parser. */
const BOUNDARY = /^[ -~]{0,200}[!-~]$/;

/** Stands for an uploaded file. It is not text, so that validation says "Not a valid string." as Django does. */
const UPLOADED_FILE = Object.freeze({ uploaded: true });

/** A `Content-Type` header, taken apart. */
interface ContentType {
  type: string;
  parameters: ReadonlyMap<string, string>;
}

/** One part of a multipart body. */
interface Part {
  name: string;
  isFile: boolean;
  isBase64: boolean;
  chunks: Buffer[];
}

/** An unparsed body: guards and method checks run before anything is parsed (contract §2). */
export class RawBody {
  /**
   * @param bytes the whole body; length 0 when there is none
   * @param contentType the `Content-Type` header as sent
   */
  constructor(
    readonly bytes: Buffer,
    readonly contentType: string | undefined,
  ) {}
}

/**
 * Parses a body by its content type (contract §3). An empty body is an object without fields, whatever its type. JSON
 * may give any value; forms give an object without a prototype, in which a file is not text.
 *
 * @throws {AuthError} `unsupported_media_type` when the type is neither JSON nor a form
 * @throws {AuthError} `parse_error` when the body is not what its type says, or has more than 1000 form fields or 100 parts
 */
export async function parseRequestBody(body: RawBody): Promise<unknown> {
  if (body.bytes.length === 0) return {};
  const contentType = readContentType(body.contentType ?? '');
  const charset = charsetLabel(contentType.parameters.get('charset'));
  switch (contentType.type) {
    case 'application/json':
      return parseJson(body.bytes, charset);
    case 'application/x-www-form-urlencoded':
      return parseUrlencoded(body.bytes, charset);
    case 'multipart/form-data':
      return parseMultipart(body.bytes, contentType.parameters.get('boundary') ?? '', charset);
    default:
      throw new AuthError('unsupported_media_type', {
        detail: `Unsupported media type "${body.contentType ?? ''}" in request.`,
      });
  }
}

/** The content type of nearly every request, ready made. */
const JSON_TYPE: ContentType = { type: 'application/json', parameters: new Map() };

function readContentType(header: string): ContentType {
  if (header === JSON_TYPE.type) return JSON_TYPE;
  const [type = ''] = header.split(';', 1);
  const parameters = new Map<string, string>();
  for (const [, name, value] of header.matchAll(
    /;\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/g,
  )) {
    if (name !== undefined && value !== undefined) {
      const isQuoted = /^".*"$/.test(value);
      const plain = isQuoted ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value.trim();
      parameters.set(name.toLowerCase(), plain);
    }
  }
  return { type: type.trim().toLowerCase(), parameters };
}

function parseJson(bytes: Buffer, charset: string): unknown {
  let text: string;
  try {
    if (charset === 'utf-16') requireByteOrderMark(bytes);
    text = decode(bytes, charset, true);
  } catch {
    throw new AuthError('parse_error', {
      detail: 'JSON parse error - The body is not text of its charset',
    });
  }
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // The engine's message quotes the body, a password perhaps, so that it goes neither to the caller nor to the log.
    throw new AuthError('parse_error', { detail: 'JSON parse error - The body is not valid JSON' });
  }
}

/** Python assumes little-endian without a mark, except where it reads a stream, and JSON is read from one. */
function requireByteOrderMark(bytes: Buffer): void {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : 0;
  if (mark !== 0xfeff && mark !== 0xfffe) throw new TypeError('no byte order mark');
}

function newForm(): Record<string, unknown> {
  // Without a prototype `__proto__` is a field like any other.
  const form: Record<string, unknown> = Object.create(null);
  return form;
}

/** Python's `parse_qsl`, which Django uses; `URLSearchParams` differs in a leading `?` and in other charsets. */
function parseUrlencoded(bytes: Buffer, charset: string): Record<string, unknown> {
  const text = decodeForm(bytes, charset);
  const pairs = text.split('&', MAX_FIELDS + 1);
  if (pairs.length > MAX_FIELDS || decodingsOf(text, charset) > MAX_FIELDS) {
    throw new AuthError('parse_error', { detail: 'Form parse error - Too many fields' });
  }
  const form = newForm();
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    const value = equals === -1 ? '' : pair.slice(equals + 1);
    form[unquote(name, charset)] = unquote(value, charset);
  }
  return form;
}

function decodeForm(bytes: Buffer, charset: string): string {
  try {
    return decode(bytes, charset, true);
  } catch {
    // As Django reads the forms of clients that do not escape what they should.
    return bytes.toString('latin1');
  }
}

async function parseMultipart(
  bytes: Buffer,
  boundary: string,
  charset: string,
): Promise<Record<string, unknown>> {
  if (!BOUNDARY.test(boundary)) throw multipartError('Invalid boundary in multipart');
  // The parser counts only the parts that it hands over; those without a name cost as much.
  if (countOf(bytes, `\r\n--${boundary}`) > MAX_PARTS) throw multipartError('Too many fields');
  let parts: Part[];
  try {
    parts = await readParts(bytes, boundary);
  } catch (error) {
    throw multipartError('The body is incomplete or has too many fields', error);
  }
  const form = newForm();
  for (const { name, isFile, isBase64, chunks } of parts) {
    if (isFile) continue;
    const raw = Buffer.concat(chunks);
    const value = isBase64 ? Buffer.from(raw.toString('latin1'), 'base64') : raw;
    form[name] = decode(value, charset, false);
  }
  // Django adds the files to the fields afterwards, so that they win whatever their place in the body.
  for (const { name, isFile } of parts) if (isFile) form[name] = UPLOADED_FILE;
  return form;
}

function countOf(bytes: Buffer, text: string): number {
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length))
    count += 1;
  return count;
}

function multipartError(why: string, cause?: unknown): AuthError {
  return new AuthError('parse_error', { detail: `Multipart form parse error - ${why}`, cause });
}

/** @throws {Error} when the body ends before its last boundary, or has too many parts */
function readParts(bytes: Buffer, boundary: string): Promise<Part[]> {
  return new Promise((resolve, reject) => {
    const parts: Part[] = [];
    const quoted = boundary.replace(/["\\]/g, '\\$&');
    const parser = new Busboy({
      headers: { 'content-type': `multipart/form-data; boundary="${quoted}"` },
      limits: { parts: MAX_PARTS },
      preservePath: true,
      // Fields would come decoded by their own charset; Django goes by the request's, so that all come as bytes.
      isPartAFile: () => true,
    });
    const fail = (error: unknown) => {
      parser.destroy();
      reject(error);
    };
    // The type declarations promise a name, which a part need not have.
    parser.on('file', (name: string | undefined, stream, filename, encoding) => {
      const chunks: Buffer[] = [];
      const isBase64 = encoding === 'base64';
      if (name !== undefined) {
        parts.push({ name: name.trim(), isFile: Boolean(filename), isBase64, chunks });
      }
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', fail);
    });
    parser.on('partsLimit', () => fail(new Error('too many parts')));
    parser.on('error', fail);
    parser.on('finish', () => resolve(parts));
    for (let start = 0; start < bytes.length && !parser.destroyed; start += MULTIPART_CHUNK) {
      parser.write(bytes.subarray(start, start + MULTIPART_CHUNK));
    }
    if (!parser.destroyed) parser.end();
  });
}
