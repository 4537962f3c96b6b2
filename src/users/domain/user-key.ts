/** SQL types that a user's primary key may have. */
export const KEY_TYPES = [
  'smallint',
  'integer',
  'bigint',
  'uuid',
  'text',
  'character varying',
] as const;

export type KeyType = (typeof KEY_TYPES)[number];

const LARGEST: Readonly<Partial<Record<KeyType, bigint>>> = {
  smallint: 32_767n,
  integer: 2_147_483_647n,
  bigint: 9_223_372_036_854_775_807n,
};
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a type is one of those. */
export function isKeyType(type: string): type is KeyType {
  return (KEY_TYPES as readonly string[]).includes(type);
}

/**
 * Whether a text is the canonical spelling of some key: `01`, ` 1 ` and `1.0` are no keys, nor is a UUID in capitals.
 * Any other text would make the database refuse the statement, or be a second name of one user.
 */
export function isKey(text: string, type: KeyType): boolean {
  switch (type) {
    case 'uuid':
      return UUID.test(text);
    case 'text':
    case 'character varying':
      return text !== '' && !text.includes('\0');
    default: {
      if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return false;
      const value = BigInt(text);
      return (value < 0n ? -value : value) <= (LARGEST[type] ?? 0n);
    }
  }
}
