import { IsOptional, MaxLength } from 'class-validator';
import * as fc from 'fast-check';
import { CharField, trimText, validateFields } from './char-field.js';
import { AuthError, ValidationError } from '../common/errors.js';

class LoginDto {
  @CharField()
  username: string;

  @CharField({ trim: false })
  password: string;
}

class DeviceLoginDto extends LoginDto {
  @CharField()
  device: string;

  @IsOptional()
  @MaxLength(3)
  note?: string;
}

class EmptyDto {}

function errorsOf(data: unknown, Dto: new () => object = LoginDto): string | object {
  try {
    validateFields(Dto, data);
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.getResponse();
  }
  return {};
}

const REQUIRED = 'This field is required.';
const NULL = 'This field may not be null.';
const BLANK = 'This field may not be blank.';
const INVALID = 'Not a valid string.';

describe('validateFields', () => {
  it.each([
    [null, 'No data provided'],
    [undefined, 'No data provided'],
    [[], 'Invalid data. Expected a dictionary, but got list.'],
    [[{ username: 'a' }], 'Invalid data. Expected a dictionary, but got list.'],
    ['alice', 'Invalid data. Expected a dictionary, but got str.'],
    ['', 'Invalid data. Expected a dictionary, but got str.'],
    [42, 'Invalid data. Expected a dictionary, but got int.'],
    [0, 'Invalid data. Expected a dictionary, but got int.'],
    [1.5, 'Invalid data. Expected a dictionary, but got float.'],
    [true, 'Invalid data. Expected a dictionary, but got bool.'],
    [false, 'Invalid data. Expected a dictionary, but got bool.'],
  ])('refuses %j in place of an object', (data, message) => {
    expect(errorsOf(data)).toEqual({ non_field_errors: [message] });
  });

  it.each([
    [{}, [REQUIRED], [REQUIRED]],
    [{ email: 'alice' }, [REQUIRED], [REQUIRED]],
    [{ username: undefined, password: undefined }, [REQUIRED], [REQUIRED]],
    [{ password: null, username: null }, [NULL], [NULL]],
    [{ username: '', password: '' }, [BLANK], [BLANK]],
    [{ username: '   ', password: '\t\n \u3000\u00a0\x1f' }, [BLANK], [BLANK]],
    [{ username: true, password: false }, [INVALID], [INVALID]],
    [{ username: ['alice'], password: [] }, [INVALID], [INVALID]],
    [{ username: { a: 1 }, password: {} }, [INVALID], [INVALID]],
    [{ username: null, password: ['x'] }, [NULL], [INVALID]],
    [
      { username: 'al\0ice', password: '\0' },
      ['Null characters are not allowed.'],
      ['Null characters are not allowed.'],
    ],
    [
      { username: ' \ud83d\udd11 \udfff\ud800', password: 'x\ud800' },
      ['Surrogate characters are not allowed: U+DFFF.'],
      ['Surrogate characters are not allowed: U+D800.'],
    ],
    [
      { username: '\ud800\0', password: '\udbff' },
      ['Null characters are not allowed.', 'Surrogate characters are not allowed: U+D800.'],
      ['Surrogate characters are not allowed: U+DBFF.'],
    ],
  ])('refuses %j', (data, username, password) => {
    const errors = errorsOf(data);
    expect(errors).toEqual({ username, password });
    expect(Object.keys(errors)).toEqual(['username', 'password']);
  });

  it('names only the fields that fail', () => {
    expect(errorsOf({ username: 'alice' })).toEqual({ password: [REQUIRED] });
    expect(errorsOf({ password: 'x', username: '\ud800' })).toEqual({
      username: ['Surrogate characters are not allowed: U+D800.'],
    });
  });

  it('takes the declared fields and drops all others', () => {
    const dto = validateFields(LoginDto, { username: 'alice', password: 'x', user_id: 2 });
    expect(dto).toBeInstanceOf(LoginDto);
    expect(Object.keys(dto).toSorted()).toEqual(['password', 'username']);
  });

  it('trims the user name and keeps the exact password', () => {
    const dto = validateFields(LoginDto, {
      username: '\u3000 alice\t',
      password: '  two spaces  ',
    });
    expect(dto).toEqual({ username: 'alice', password: '  two spaces  ' });
  });

  it('turns numbers into their decimal text', () => {
    expect(validateFields(LoginDto, { username: 12345, password: 1.5 })).toEqual({
      username: '12345',
      password: '1.5',
    });
    expect(validateFields(LoginDto, { username: 0, password: -1 })).toEqual({
      username: '0',
      password: '-1',
    });
  });

  it('takes fields of an object without a prototype', () => {
    const form = Object.assign(Object.create(null), { username: 'alice', password: 'x' });
    expect(validateFields(LoginDto, form)).toEqual({ username: 'alice', password: 'x' });
  });

  it('never takes a field from the prototype of the body', () => {
    const body: unknown = JSON.parse('{"__proto__":{"username":"alice","password":"x"}}');
    expect(errorsOf(body)).toEqual({ username: [REQUIRED], password: [REQUIRED] });
    expect(errorsOf(Object.create({ username: 'alice', password: 'x' }))).toEqual({
      username: [REQUIRED],
      password: [REQUIRED],
    });
    expect(({} as { username?: string }).username).toBeUndefined();
  });

  it("reports a base class's fields before its own, and other decorators' messages", () => {
    const errors = errorsOf({ note: 'long' }, DeviceLoginDto);
    expect(errors).toEqual({
      username: [REQUIRED],
      password: [REQUIRED],
      device: [REQUIRED],
      note: ['note must be shorter than or equal to 3 characters'],
    });
    expect(Object.keys(errors)).toEqual(['username', 'password', 'device', 'note']);
    expect(
      validateFields(DeviceLoginDto, {
        device: ' d ',
        password: ' x ',
        username: ' a ',
        note: ' n ',
      }),
    ).toEqual({ username: 'a', password: ' x ', device: 'd', note: ' n ' });
  });

  it('accepts any object for a class without fields', () => {
    expect(validateFields(EmptyDto, { a: 1 })).toEqual({});
  });

  it('takes a megabyte of text, or of spaces, in no time', () => {
    const spaces = ' '.repeat(1_000_000);
    const started = performance.now();
    expect(errorsOf({ username: spaces, password: spaces })).toEqual({
      username: [BLANK],
      password: [BLANK],
    });
    const dto = validateFields(LoginDto, { username: `${spaces}a`, password: `a${spaces}a` });
    expect(dto.username).toBe('a');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('throws nothing but field errors, and gives nothing but non-blank text', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.anything());
    const body = fc.oneof(fc.anything(), fc.record({ username: value, password: value }));
    fc.assert(
      fc.property(body, (data) => {
        try {
          const dto = validateFields(LoginDto, data);
          expect(trimText(dto.username)).toBe(dto.username);
          expect(dto.username).not.toBe('');
          expect(trimText(dto.password)).not.toBe('');
        } catch (error) {
          if (!(error instanceof AuthError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('trimText', () => {
  it.each([
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001,
    0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f,
    0x205f, 0x3000,
  ])('removes character %i at both ends only', (code) => {
    const space = String.fromCharCode(code);
    expect(trimText(`${space}${space}a${space}b${space}`)).toBe(`a${space}b`);
  });

  it.each(['\u200b', '\ufeff', '\u180e', '\0', '\u001b', '\u2060'])('keeps %j', (character) => {
    expect(trimText(`${character}a${character}`)).toBe(`${character}a${character}`);
  });

  it('agrees with JavaScript wherever JavaScript agrees with Python', () => {
    const text = fc.string({ unit: fc.constantFrom(' ', '\t', '\u3000', 'a', '\u200b', '\u2028') });
    fc.assert(fc.property(text, (sample) => expect(trimText(sample)).toBe(sample.trim())));
  });
});
