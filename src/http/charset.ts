import { isAscii } from 'node:buffer';
import { TextDecoder } from 'node:util';

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

/** Charsets in which a byte below 0x80 may be part of another character, or means something else after an escape. */
const MULTI_BYTE: ReadonlySet<string> = new Set(
  'utf-16 utf-16le utf-16be gb18030 gbk big5 shift_jis euc-jp iso-2022-jp euc-kr'.split(' '),
);

const ESCAPES = /%([0-9a-f]{2})/gi;
const ASCII_RUNS = /[^\u0080-\uffff]+/g;
const PERCENT = 0x25;
/** Values of hexadecimal digits by their bytes; -1 for other bytes. */
const DIGITS = Int8Array.from({ length: 256 }, (_, byte) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase()),
);
/** One decoder for each charset: making one takes longer than decoding a kilobyte, and a form may need thousands. */
const decoders = new Map<string, TextDecoder>();
const tables = new Map<string, string>();

/** Finds a charset as Python's `codecs.lookup` does; an unknown name means UTF-8 (contract §3). */
export function charsetLabel(name?: string): string {
  if (name === undefined) return 'utf-8';
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return LABELS.get(words.join('_')) ?? 'utf-8';
}

/** @throws {TypeError} when `fatal` and the bytes are not text of this charset; else U+FFFD stands in for them */
export function decode(bytes: Buffer, charset: string, fatal: boolean): string {
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
      return decodeBy(isBigEndian ? 'utf-16be' : 'utf-16le', { fatal }, bytes);
    }
    case 'utf-8-sig':
      return decodeBy('utf-8', { fatal }, bytes);
    default:
      // Python keeps a byte order mark as a character, which makes JSON with one malformed.
      return decodeBy(charset, { fatal, ignoreBOM: true }, bytes);
  }
}

function decodeBy(
  label: string,
  options: { fatal: boolean; ignoreBOM?: boolean },
  bytes: Buffer,
): string {
  const name = `${label} ${options.fatal} ${options.ignoreBOM ?? false}`;
  let decoder = decoders.get(name);
  if (!decoder) decoders.set(name, (decoder = new TextDecoder(label, options)));
  try {
    return decoder.decode(bytes);
  } catch (error) {
    // Node does not reset a decoder that has failed.
    decoders.delete(name);
    throw error;
  }
}

/**
 * Decodes a name or a value of a form as Python's `unquote_plus` does. The escapes are decoded in one step for the whole
 * text, or by a table, since a decoder takes as long for one byte as for a hundred.
 */
export function unquote(text: string, charset: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  // In UTF-8 no byte of an escape can become part of an unescaped character, nor the other way round.
  if (charset.startsWith('utf-8')) return decode(unescaped(Buffer.from(spaced)), charset, false);
  if (!MULTI_BYTE.has(charset)) {
    const table = characters(charset);
    return spaced.replace(ESCAPES, (_, hex: string) => table.charAt(Number.parseInt(hex, 16)));
  }
  // A browser sends Shift_JIS `テ` as `%83e`.
  return spaced.replace(ASCII_RUNS, (ascii) =>
    decode(unescaped(Buffer.from(ascii)), charset, false),
  );
}

/** How often `unquote` has to decode: once, but for charsets in which only ASCII between other characters is escaped. */
export function decodingsOf(text: string, charset: string): number {
  if (!MULTI_BYTE.has(charset) || !text.includes('%')) return 1;
  return text.match(ASCII_RUNS)?.length ?? 1;
}

/** The characters of a charset of single bytes, in their order. */
function characters(charset: string): string {
  let table = tables.get(charset);
  if (table === undefined) {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    tables.set(charset, (table = decode(all, charset, false)));
  }
  return table;
}

/** Bytes without their escapes. */
function unescaped(bytes: Buffer): Buffer {
  let length = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    const escaped = byte === PERCENT ? byteOf(bytes[index + 1], bytes[index + 2]) : -1;
    if (escaped >= 0) index += 2;
    bytes[length] = escaped >= 0 ? escaped : byte;
    length += 1;
  }
  return bytes.subarray(0, length);
}

/** The byte of two hexadecimal digits; negative where they are none. */
function byteOf(high = 0, low = 0): number {
  return ((DIGITS[high] ?? -1) << 4) | (DIGITS[low] ?? -1);
}
