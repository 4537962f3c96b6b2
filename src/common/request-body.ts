import { isAscii } from 'node:buffer';
import { Busboy } from '@fastify/busboy';
import { AuthError } from './errors.js';

/** Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS`: a million fields in one body must not cost us a million objects. */
const MAX_FIELDS = 1000;

/** Bytes given to the multipart parser at a time: a megabyte of hostile headers in one piece takes it a second. */
const MULTIPART_CHUNK = 16 * 1024;

/** Django's rule for a boundary; it also keeps a hostile one out of the multipart parser. */
const BOUNDARY = /^[ -~]{0,200}[!-~]$/;

/** WHATWG label (or a name that `decode` knows) → Python's names for it. */
const CHARSETS = {
  'utf-8': 'utf_8 u8 utf utf8 utf8_ucs2 utf8_ucs4 cp65001',
  'utf-8-sig': 'utf_8_sig',
  'utf-16': 'utf_16 u16 utf16',
  'utf-16le': 'utf_16_le unicodelittleunmarked utf_16le',
  'utf-16be': 'utf_16_be unicodebigunmarked utf_16be',
  ascii:
    'ascii 646 ansi_x3_4_1968 ansi_x3_4_1986 cp367 csascii ibm367 iso646_us iso_646_irv_1991 iso_ir_6 us us_ascii',
  latin1:
    'latin_1 8859 cp819 csisolatin1 ibm819 iso8859 iso8859_1 iso_8859_1 iso_8859_1_1987 iso_ir_100 l1 latin latin1',
  'iso-8859-2': 'iso8859_2 csisolatin2 iso_8859_2 iso_8859_2_1987 iso_ir_101 l2 latin2',
  'iso-8859-3': 'iso8859_3 csisolatin3 iso_8859_3 iso_8859_3_1988 iso_ir_109 l3 latin3',
  'iso-8859-4': 'iso8859_4 csisolatin4 iso_8859_4 iso_8859_4_1988 iso_ir_110 l4 latin4',
  'iso-8859-5': 'iso8859_5 csisolatincyrillic cyrillic iso_8859_5 iso_8859_5_1988 iso_ir_144',
  'iso-8859-6': 'iso8859_6 arabic asmo_708 csisolatinarabic ecma_114 iso_8859_6 iso_8859_6_1987',
  'iso-8859-7': 'iso8859_7 csisolatingreek ecma_118 elot_928 greek greek8 iso_8859_7',
  'iso-8859-8': 'iso8859_8 csisolatinhebrew hebrew iso_8859_8 iso_8859_8_1988 iso_ir_138',
  'iso-8859-9': 'iso8859_9 csisolatin5 iso_8859_9 iso_8859_9_1989 iso_ir_148 l5 latin5',
  'iso-8859-10': 'iso8859_10 csisolatin6 iso_8859_10 iso_8859_10_1992 iso_ir_157 l6 latin6',
  'iso-8859-13': 'iso8859_13 iso_8859_13 l7 latin7',
  'iso-8859-14': 'iso8859_14 iso_8859_14 iso_8859_14_1998 iso_celtic iso_ir_199 l8 latin8',
  'iso-8859-15': 'iso8859_15 iso_8859_15 l9 latin9',
  'windows-874': 'cp874 iso8859_11 thai iso_8859_11 iso_8859_11_2001 tis_620 tis620 iso_ir_166',
  'windows-1250': 'cp1250 1250 windows_1250',
  'windows-1251': 'cp1251 1251 windows_1251',
  'windows-1252': 'cp1252 1252 windows_1252',
  'windows-1253': 'cp1253 1253 windows_1253',
  'windows-1254': 'cp1254 1254 windows_1254',
  'windows-1255': 'cp1255 1255 windows_1255',
  'windows-1256': 'cp1256 1256 windows_1256',
  'windows-1257': 'cp1257 1257 windows_1257',
  'windows-1258': 'cp1258 1258 windows_1258',
  ibm866: 'cp866 866 csibm866 ibm866',
  'koi8-r': 'koi8_r cskoi8r',
  'koi8-u': 'koi8_u',
  macintosh: 'mac_roman macintosh macroman',
  'x-mac-cyrillic': 'mac_cyrillic maccyrillic',
  gb18030: 'gb18030 gb18030_2000',
  gbk: 'gbk 936 cp936 ms936 gb2312 chinese csiso58gb231280 euc_cn euccn gb2312_1980 gb2312_80',
  big5: 'big5 big5_tw csbig5 cp950 950 ms950 big5hkscs big5_hkscs hkscs',
  shift_jis: 'shift_jis csshiftjis shiftjis sjis s_jis cp932 932 ms932 mskanji ms_kanji',
  'euc-jp': 'euc_jp eucjp ujis u_jis',
  'iso-2022-jp': 'iso2022_jp csiso2022jp iso2022jp iso_2022_jp',
  'euc-kr': 'euc_kr euckr korean ksc5601 ks_c_5601 ks_c_5601_1987 ksx1001 ks_x_1001 cp949 949 uhc',
};

const LABELS: ReadonlyMap<string, string> = new Map(
  Object.entries(CHARSETS).flatMap(([label, names]) =>
    names.split(' ').map((name) => [name, label] as const),
  ),
);

/** Bytes 0x80–0x9F; U+FFFD where there is no character. Some releases of Node 20 read windows-1252 as ISO 8859-1. */
const WINDOWS_1252 = '€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ';

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

/** A body as it came, so that guards and method checks run before anything is parsed (contract §2). */
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
 * @throws {AuthError} `parse_error` when the body is not what its type says, or has more than 1000 form fields
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

/** What nearly every request has, ready made. */
const JSON_TYPE: ContentType = { type: 'application/json', parameters: new Map() };
const STRICT_UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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

/** Finds a charset as Python's `codecs.lookup` does; a name that nobody knows means UTF-8 (contract §3). */
function charsetLabel(name?: string): string {
  if (name === undefined) return 'utf-8';
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return LABELS.get(words.join('_')) ?? 'utf-8';
}

/** @throws {TypeError} when `fatal` and the bytes are not text of this charset; else U+FFFD stands in for them */
function decode(bytes: Buffer, charset: string, fatal: boolean): string {
  switch (charset) {
    // TextDecoder's latin1 is windows-1252; Python's is true ISO 8859-1.
    case 'latin1':
      return bytes.toString('latin1');
    case 'ascii':
      if (fatal && !isAscii(bytes)) throw new TypeError('not ASCII');
      return bytes.toString('latin1').replace(/[\u0080-\u00ff]/g, '\ufffd');
    case 'windows-1252': {
      const text = bytes
        .toString('latin1')
        .replace(/[\u0080-\u009f]/g, (high) => WINDOWS_1252.charAt(high.charCodeAt(0) - 0x80));
      if (fatal && text.includes('\ufffd')) throw new TypeError('not windows-1252');
      return text;
    }
    case 'utf-16': {
      const isBigEndian = bytes.length >= 2 && bytes.readUInt16BE(0) === 0xfeff;
      return new TextDecoder(isBigEndian ? 'utf-16be' : 'utf-16le', { fatal }).decode(bytes);
    }
    case 'utf-8-sig':
      return new TextDecoder('utf-8', { fatal }).decode(bytes);
    default: {
      // Python keeps a byte order mark as a character, which makes JSON with one malformed.
      const isUsual = fatal && charset === 'utf-8';
      const decoder = isUsual ? STRICT_UTF_8 : new TextDecoder(charset, { fatal, ignoreBOM: true });
      return decoder.decode(bytes);
    }
  }
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
  const pairs = decodeForm(bytes, charset).split('&', MAX_FIELDS + 1);
  if (pairs.length > MAX_FIELDS) {
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

function unquote(text: string, charset: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  return spaced.replace(/[^\u0080-\uffff]+/g, (ascii) => {
    const raw = ascii.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return decode(Buffer.from(raw, 'latin1'), charset, false);
  });
}

async function parseMultipart(
  bytes: Buffer,
  boundary: string,
  charset: string,
): Promise<Record<string, unknown>> {
  if (!BOUNDARY.test(boundary)) throw multipartError('Invalid boundary in multipart');
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
      limits: { parts: MAX_FIELDS },
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
