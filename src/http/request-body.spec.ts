import * as fc from 'fast-check';
import { AuthError } from '../common/errors.js';
import { parseRequestBody, RawBody } from './request-body.js';

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const MULTIPART_TYPE = 'multipart/form-data; boundary=b';
const ALICE = '{"username":"alice"}';

function parse(body: string | Buffer, contentType: string | undefined): Promise<unknown> {
  return parseRequestBody(new RawBody(Buffer.from(body), contentType));
}

async function parseObject(body: string | Buffer, contentType: string): Promise<object> {
  const value = await parse(body, contentType);
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return value;
}

async function errorOf(body: string | Buffer, contentType: string | undefined): Promise<AuthError> {
  try {
    await parse(body, contentType);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return error;
  }
  throw new Error('the body was accepted');
}

async function expectParseError(body: string | Buffer, contentType: string, prefix: string) {
  const error = await errorOf(body, contentType);
  expect(error.code).toBe('parse_error');
  expect(error.getStatus()).toBe(400);
  expect(error.getResponse()).toEqual({ detail: expect.stringMatching(`^${prefix}.`) });
}

/** A multipart body; a part is its headers after `form-data;` and its content. */
function multipart(...parts: [string, string | Buffer][]): Buffer {
  const chunks = parts.flatMap(([head, content]) => [
    Buffer.from(`--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...chunks, Buffer.from('--b--\r\n')]);
}

describe('parseRequestBody', () => {
  it.each([undefined, '', JSON_TYPE, FORM_TYPE, 'multipart/form-data', 'text/plain', 'junk'])(
    'treats an empty body of type %j as no fields',
    async (type) => {
      expect(await parse('', type)).toEqual({});
    },
  );

  it.each([
    ['text/plain', 'text/plain'],
    ['application/xml', 'application/xml'],
    ['application/vnd.api+json', 'application/vnd.api+json'],
    ['text/plain; charset=UTF-8', 'text/plain; charset=UTF-8'],
    ['Text/Plain', 'Text/Plain'],
    ['', ''],
    [undefined, ''],
    ['*/*', '*/*'],
    ['multipart/mixed; boundary=b', 'multipart/mixed; boundary=b'],
  ])('refuses type %j', async (type, shown) => {
    const error = await errorOf(ALICE, type);
    expect(error.getStatus()).toBe(415);
    expect(error.getResponse()).toEqual({
      detail: `Unsupported media type "${shown}" in request.`,
    });
  });

  describe('JSON', () => {
    it.each([
      JSON_TYPE,
      'Application/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      "application/json; charset='utf8'",
      'application/json; charset=no-such',
      'application/json; charset=',
      'application/json; charset',
      'application/json; charset="utf-8',
      'application/json; x=";charset=utf-16"',
      'application/json; charset=__proto__',
      ' application/json ; odata=verbose',
    ])('is read from type %j', async (type) => {
      expect(await parse('{"username":"zoë🔑"}', type)).toEqual({ username: 'zoë🔑' });
    });

    it.each([
      ['null', null],
      ['[]', []],
      ['"alice"', 'alice'],
      ['42', 42],
      ['true', true],
      [' \r\n\t{"a":1}\n ', { a: 1 }],
      ['{"username":"nobody","username":"alice"}', { username: 'alice' }],
      ['{"user\\u006eame":"\\u0061lice"}', { username: 'alice' }],
      ['"\\ud800"', '\ud800'],
    ])('gives any value: %s', async (text, value) => {
      expect(await parse(text, JSON_TYPE)).toEqual(value);
    });

    it.each([
      '{"username":"alice"',
      "{'username':'alice'}",
      '{"username":"alice",}',
      'username=alice',
      '{"username":NaN}',
      'Infinity',
      '-Infinity',
      '{"username":"al\nice"}',
      '{} {}',
      '// nothing\n{}',
      ' \n ',
      '\u00a0{}',
      '\ufeff{}',
      Buffer.from('7b2261223a22fffe227d', 'hex'),
      Buffer.from('"\xed\xa0\x80"', 'latin1'),
    ])('refuses %j', async (text) => {
      await expectParseError(text, JSON_TYPE, 'JSON parse error - ');
    });

    it('does not repeat any of the body in the error', async () => {
      const error = await errorOf('{"password":hunter2}', JSON_TYPE);
      expect(`${JSON.stringify(error)} ${error.message} ${String(error.cause)}`).not.toMatch(
        /hunter/,
      );
    });

    it('keeps __proto__ an ordinary key', async () => {
      const value = await parseObject('{"__proto__":{"admin":true}}', JSON_TYPE);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.keys(value)).toEqual(['__proto__']);
    });

    it('survives nesting and size', async () => {
      expect(await parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`, JSON_TYPE)).toHaveLength(
        1,
      );
      await expectParseError('['.repeat(1_000_000), JSON_TYPE, 'JSON parse error - ');
      await expectParseError('{"a":'.repeat(200_000), JSON_TYPE, 'JSON parse error - ');
      const long = 'x'.repeat(1_000_000);
      expect(await parse(JSON.stringify(long), JSON_TYPE)).toBe(long);
    });
  });

  describe('charset', () => {
    const latin1 = Buffer.from('"jos\xe9 \x92"', 'latin1');
    const utf16le = Buffer.from('\ufeff"é"', 'utf16le');

    it.each([
      ['latin-1', latin1, 'josé \x92'],
      ['Latin 1', latin1, 'josé \x92'],
      ['latin1', latin1, 'josé \x92'],
      ['L1', latin1, 'josé \x92'],
      ['ISO-8859-1', latin1, 'josé \x92'],
      ['"iso8859_1"', latin1, 'josé \x92'],
      ['cp1252', latin1, 'josé ’'],
      ['windows-1252', latin1, 'josé ’'],
      ['1252', Buffer.from('"\x80\x8e\x9f"', 'latin1'), '€ŽŸ'],
      ['iso-8859-15', Buffer.from('"\xa4"', 'latin1'), '€'],
      ['cp1251', Buffer.from('"\xcf"', 'latin1'), 'П'],
      ['koi8-r', Buffer.from('"\xf0"', 'latin1'), 'П'],
      ['sjis', Buffer.from('"\x83\x65"', 'latin1'), 'テ'],
      ['utf-16', utf16le, 'é'],
      ['UTF16', Buffer.from(utf16le).swap16(), 'é'],
      ['utf-16-le', utf16le.subarray(2), 'é'],
      ['UTF-16BE', Buffer.from(utf16le.subarray(2)).swap16(), 'é'],
      ['utf_8', Buffer.from('"é"'), 'é'],
      ['U8', Buffer.from('"é"'), 'é'],
      ['utf-8-sig', Buffer.from('\ufeff"é"'), 'é'],
      ['ascii', Buffer.from('"e"'), 'e'],
      ['ANSI_X3.4-1968', Buffer.from('"e"'), 'e'],
      ['klingon', Buffer.from('"é"'), 'é'],
    ])('%s is understood as Python does', async (name, bytes, value) => {
      expect(await parse(bytes, `application/json; charset=${name}`)).toBe(value);
    });

    it.each([
      ['utf-8', Buffer.from('"\xe9"', 'latin1')],
      ['klingon', Buffer.from('"\xe9"', 'latin1')],
      ['us-ascii', Buffer.from('"é"')],
      ['cp1252', Buffer.from('"\x81"', 'latin1')],
      ['utf-16', utf16le.subarray(2)],
      ['utf-16', utf16le.subarray(0, -1)],
      ['utf-16', Buffer.from('7')],
      ['utf-16-le', utf16le],
      ['utf-16-le', Buffer.from('220000d82200', 'hex')],
      ['shift_jis', Buffer.from('"\x83"', 'latin1')],
    ])('%s with bytes that it does not know is a JSON parse error', async (name, bytes) => {
      await expectParseError(bytes, `application/json; charset=${name}`, 'JSON parse error - ');
    });

    it('holds for forms, and what it cannot read is replaced there', async () => {
      const type = `${FORM_TYPE}; charset=latin-1`;
      expect(await parse('u=jos%E9', type)).toEqual({ u: 'josé' });
      expect(await parse(Buffer.from('u=jos\xe9', 'latin1'), type)).toEqual({ u: 'josé' });
      expect(await parse('u=%80', `${FORM_TYPE}; charset=cp1252`)).toEqual({ u: '€' });
      expect(await parse('u=jos%E9', `${FORM_TYPE}; charset=ascii`)).toEqual({ u: 'jos\ufffd' });
      expect(await parse('u=jos%E9', FORM_TYPE)).toEqual({ u: 'jos\ufffd' });
      expect(await parse(Buffer.from('u=jos\xe9', 'latin1'), FORM_TYPE)).toEqual({ u: 'josé' });
      expect(await parse(utf16le, `${FORM_TYPE}; charset=utf-16`)).toEqual({ '"é"': '' });
      const part = multipart(['name="u"', Buffer.from('jos\xe9', 'latin1')]);
      expect(await parse(part, MULTIPART_TYPE)).toEqual({ u: 'jos\ufffd' });
      expect(await parse(part, `${MULTIPART_TYPE}; charset=latin-1`)).toEqual({ u: 'josé' });
    });
  });

  describe('urlencoded form', () => {
    it.each([
      ['username=alice&password=wonder+land', { username: 'alice', password: 'wonder land' }],
      ['username=nobody&username=alice', { username: 'alice' }],
      ['a=1&&b', { a: '1', b: '' }],
      ['a=b=c', { a: 'b=c' }],
      ['=x', { '': 'x' }],
      ['?a=1', { '?a': '1' }],
      ['a%5Bb%5D=%2B+%26', { 'a[b]': '+ &' }],
      ['a=1;b=2', { a: '1;b=2' }],
      ['u=zo%C3%AB%f0%9f%94%91', { u: 'zoë🔑' }],
      ['u=zoë%C3%AB', { u: 'zoëë' }],
      ['u=%', { u: '%' }],
      ['u=%4', { u: '%4' }],
      ['u=%zz%41', { u: '%zzA' }],
      ['u=%u0041', { u: '%u0041' }],
      ['u=%C3', { u: '\ufffd' }],
      ['u=%FF%FE', { u: '\ufffd\ufffd' }],
      ['u=%00', { u: '\0' }],
      ['u=%EF%BB%BFa', { u: '\ufeffa' }],
      ['u=%C3é', { u: '\ufffdé' }],
      ['u=%e2%82é%82%AC', { u: '\ufffdé\ufffd\ufffd' }],
    ])('%s', async (text, fields) => {
      expect({ ...(await parseObject(text, FORM_TYPE)) }).toEqual(fields);
    });

    it.each([
      ['koi8-r', 'u=%F0p%F1', 'ПpЯ'],
      ['koi8-r', 'u=%F0\xf1%', 'ПЯ%'],
      ['iso-8859-2', 'u=%b1+%B1', 'ą ą'],
      ['iso-8859-3', 'u=a%A5%42', 'a\ufffdB'],
      ['ascii', 'u=%41%C1', 'A\ufffd'],
      ['sjis', 'u=%83e%83%65x', 'テテx'],
      ['sjis', 'u=%83e\x83\x65%83', 'テテ\ufffd'],
      ['gbk', 'u=%C4%E3%BA%C3', '你好'],
      ['euc-kr', 'u=%C7%D1', '한'],
      ['iso2022_jp', 'u=%1B$B%25F&v=%25F', 'テ'],
      ['utf-8-sig', 'u=%EF%BB%BFa%EF%BB%BF', 'a\ufeff'],
    ])('is unescaped in its charset: %s %j', async (charset, text, value) => {
      const bytes = Buffer.from(text, 'latin1');
      const form = await parseObject(bytes, `${FORM_TYPE}; charset=${charset}`);
      expect(form).toMatchObject({ u: value });
    });

    it('is read as if no other had been read before', async () => {
      const type = (charset: string) => `${FORM_TYPE}; charset=${charset}`;
      for (const [charset, bad, good, value] of [
        ['sjis', 'u=\x83', 'u=\x83\x65', 'テ'],
        ['iso2022_jp', 'u=%1B$B%25', 'u=%25F', '%F'],
        ['gb18030', 'u=\x81\x30', 'u=%C4%E3', '你'],
        ['utf-8', 'u=\xc3', 'u=\xc3\xa9', 'é'],
      ] as const) {
        await parse(Buffer.from(bad, 'latin1'), type(charset));
        expect(await parse(Buffer.from(good, 'latin1'), type(charset))).toEqual({ u: value });
      }
    });

    it('takes 1000 pieces of one that its charset makes it decode one by one, and no more', async () => {
      const type = `${FORM_TYPE}; charset=gbk`;
      const piece = Buffer.from('%C4%E3\xba\xc3', 'latin1');
      const most = Buffer.concat([Buffer.from('u='), Buffer.alloc(999 * piece.length, piece)]);
      expect(await parse(most, type)).toEqual({ u: '你好'.repeat(999) });
      await expectParseError(Buffer.concat([most, piece, piece]), type, 'Form parse error - ');
    });

    it('keeps __proto__ a field like any other', async () => {
      const form = await parseObject('__proto__=x&constructor=y', FORM_TYPE);
      expect(Object.getPrototypeOf(form)).toBeNull();
      expect(Object.entries(form)).toEqual([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]);
    });

    it('takes 1000 fields and no more', async () => {
      expect(await parse('a&'.repeat(999), FORM_TYPE)).toEqual({ a: '' });
      await expectParseError('a&'.repeat(1000), FORM_TYPE, 'Form parse error - ');
    });

    it('reads a megabyte quickly', async () => {
      const form = await parseObject(`a=${'%C3%A9'.repeat(170_000)}`, FORM_TYPE);
      expect(form).toEqual({ a: 'é'.repeat(170_000) });
      expect(await parse(`a=${'%'.repeat(1_000_000)}`, FORM_TYPE)).toBeDefined();
    });
  });

  describe('multipart form', () => {
    it('gives its fields, the last of equal names', async () => {
      const body = multipart(
        ['name="username"', 'nobody'],
        ['name="username"', 'zoë'],
        ['name="password"\r\nContent-Type: text/plain; charset=utf-8', ' two\r\nlines '],
        ['name="__proto__"', 'x'],
        ['name="empty"', ''],
        ['name="base64"\r\nContent-Transfer-Encoding: base64', 'YWxpY2U='],
        ['name="unnamed file"; filename=""', 'text'],
      );
      const form = await parseObject(body, MULTIPART_TYPE);
      expect(Object.getPrototypeOf(form)).toBeNull();
      expect(Object.entries(form)).toEqual([
        ['username', 'zoë'],
        ['password', ' two\r\nlines '],
        ['__proto__', 'x'],
        ['empty', ''],
        ['base64', 'alice'],
        ['unnamed file', 'text'],
      ]);
    });

    it('shows a file as something that is not text, and before a field of its name', async () => {
      const body = multipart(['name="u"; filename="u.txt"', 'alice'], ['name="u"', 'alice']);
      expect(await parse(body, MULTIPART_TYPE)).toEqual({ u: expect.any(Object) });
    });

    it('takes a body without parts, and text around them', async () => {
      expect(await parse('--b--\r\n', MULTIPART_TYPE)).toEqual({});
      const body = `before\r\n${multipart(['name="a"', '1']).toString()}after`;
      expect(await parse(body, MULTIPART_TYPE)).toEqual({ a: '1' });
    });

    it('takes long text around the parts', async () => {
      const around = 'x\r\n'.repeat(30_000);
      const body = `${around}${multipart(['name="a"', '1']).toString()}${around}`;
      expect(await parse(body, MULTIPART_TYPE)).toEqual({ a: '1' });
    });

    it('refuses a megabyte of hostile headers, or of parts, quickly', async () => {
      const started = performance.now();
      for (const hostile of ['A: b\r\n', '--b\r\n', '--b\r\n\r\n\r\n', '\r\n--', '\r\n\r']) {
        const body = `--b\r\n${hostile.repeat(1_000_000 / hostile.length)}`;
        await expectParseError(body, MULTIPART_TYPE, 'Multipart form parse error - ');
      }
      expect(performance.now() - started).toBeLessThan(1000);
    });

    it('ignores parts without a name', async () => {
      const noDisposition = '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n';
      const body = Buffer.concat([
        Buffer.from(noDisposition),
        multipart(['filename="x"', 'y'], ['name="a"', '1']),
      ]);
      expect(await parse(body, MULTIPART_TYPE)).toEqual({ a: '1' });
    });

    it.each([
      ['b', 'b'],
      ['"b"', 'b'],
      ['"b c:d"', 'b c:d'],
      ["b'()+_,-./:=?", "b'()+_,-./:=?"],
      ['"b\\"\\\\"', 'b"\\'],
    ])('takes boundary=%s', async (value, boundary) => {
      const part = 'Content-Disposition: form-data; name="a"\r\n\r\n1';
      const body = `--${boundary}\r\n${part}\r\n--${boundary}--`;
      expect(await parse(body, `multipart/form-data; boundary=${value}`)).toEqual({ a: '1' });
    });

    it('reads a megabyte', async () => {
      const long = 'x'.repeat(1_000_000);
      const body = multipart(['name="a"', long], ['name="b"', long]);
      expect(await parse(body, MULTIPART_TYPE)).toEqual({ a: long, b: long });
    });

    it.each([
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'multipart/form-data; boundary=""',
      'multipart/form-data; boundary="b "',
      'multipart/form-data; boundary=é',
      `multipart/form-data; boundary=${'b'.repeat(202)}`,
      'multipart/form-data; boundary=other',
    ])('refuses type %s', async (type) => {
      const body = multipart(['name="a"', '1']);
      await expectParseError(body, type, 'Multipart form parse error - ');
    });

    it('refuses a body cut anywhere before its last boundary, and does not wait for more', async () => {
      const body = multipart(['name="a"', '1'], ['name="f"; filename="f"', '22']);
      const end = body.indexOf('--b--') + '--b--'.length;
      for (let length = 1; length < end; length += 1) {
        const cut = body.subarray(0, length);
        await expectParseError(cut, MULTIPART_TYPE, 'Multipart form parse error - ');
      }
      expect(await parse(body.subarray(0, end), MULTIPART_TYPE)).toMatchObject({ a: '1' });
    });

    it('takes 100 parts and no more', async () => {
      const part: [string, string] = ['name="a"', '1'];
      const most = Array.from({ length: 100 }, () => part);
      expect(await parse(multipart(...most), MULTIPART_TYPE)).toEqual({ a: '1' });
      const over = multipart(...most, part);
      await expectParseError(over, MULTIPART_TYPE, 'Multipart form parse error - ');
    });
  });

  describe('on arbitrary input', () => {
    const disposition = 'Content-Disposition: form-data; name="';
    const partType = 'Content-Type: text/plain; charset=utf-16';
    const text = '--b|--b--|\r\n|\r\n\r\n|\r|\n|-|:|;|"|x|\0|=|&|%|{|[|"a":|\\u|; filename="f"';
    const token = fc.constantFrom(disposition, `${disposition}a"`, partType, ...text.split('|'));
    const body = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.array(token, { maxLength: 30 }).map((tokens) => Buffer.from(tokens.join(''))),
    );
    const parameter = fc.oneof(
      fc.string(),
      fc.constantFrom('utf-16', 'latin-1', 'cp1252', 'ascii', 'utf-8', 'gbk', 'utf-8-sig'),
    );
    const type = fc.oneof(
      fc.constant(undefined),
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom(JSON_TYPE, FORM_TYPE, MULTIPART_TYPE), parameter)
        .map(([name, charset]) => `${name}; charset=${charset}`),
      fc.string().map((boundary) => `multipart/form-data; boundary=${boundary}`),
    );

    it('answers, and throws nothing but an AuthError', async () => {
      await fc.assert(
        fc.asyncProperty(body, type, async (bytes, contentType) => {
          try {
            await parseRequestBody(new RawBody(bytes, contentType));
          } catch (error) {
            if (!(error instanceof AuthError)) throw error;
          }
        }),
        { numRuns: 2000, timeout: 2000 },
      );
    });
  });
});
