import { isKey, isKeyType, type KeyType } from './user-key.js';

describe('the spelling of a key', () => {
  it.each<[KeyType, string]>([
    ['integer', '1'],
    ['integer', '0'],
    ['integer', '-7'],
    ['integer', '2147483647'],
    ['smallint', '32767'],
    ['bigint', '9223372036854775807'],
    ['uuid', '3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
    ['text', 'alice'],
    ['character varying', 'ü'],
  ])('of type %s may be %s', (type, text) => {
    expect(isKey(text, type)).toBe(true);
  });

  it.each<[KeyType, string]>([
    ['integer', '01'],
    ['integer', ' 1'],
    ['integer', '1.0'],
    ['integer', '-0'],
    ['integer', ''],
    ['integer', '2147483648'],
    ['smallint', '32768'],
    ['bigint', '9223372036854775808'],
    ['bigint', '99999999999999999999999'],
    ['uuid', '3F2504E0-4F89-41D3-9A0C-0305E82C3301'],
    ['uuid', '{3f2504e0-4f89-41d3-9a0c-0305e82c3301}'],
    ['uuid', '3f2504e04f8941d39a0c0305e82c3301'],
    ['text', ''],
    ['text', 'a\0b'],
  ])('of type %s cannot be %j', (type, text) => {
    expect(isKey(text, type)).toBe(false);
  });

  it('is known for the types that keys usually have', () => {
    expect(isKeyType('uuid')).toBe(true);
    expect(isKeyType('jsonb')).toBe(false);
  });
});
