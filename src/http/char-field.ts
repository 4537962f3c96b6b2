import { getMetadataStorage, registerDecorator, validateSync } from 'class-validator';
import { ValidationError } from '../common/errors.js';

/** Options of `CharField`. */
export interface CharFieldOptions {
  /** False keeps the text exactly as sent; it is still blank when nothing is left after trimming. */
  trim?: boolean;
}

/** How one property of a DTO is read from the body. */
interface DeclaredField {
  name: string;
  /** Null for a property without `CharField`, which is taken as it is. */
  charField: { trim: boolean } | null;
  /** Whether the property has checks besides those of `CharField`. */
  hasMore: boolean;
}

/** Name of the constraint whose message stands alone: the other checks mean nothing when there is no text. */
const TEXT = 'charField';

/** Each check gives the message for a value, or null. The order is that of the messages (contract §4). */
const CHECKS: Record<string, (value: unknown) => string | null> = {
  [TEXT]: (value) => {
    if (value === undefined) return 'This field is required.';
    if (value === null) return 'This field may not be null.';
    if (typeof value === 'number') return null;
    if (typeof value !== 'string') return 'Not a valid string.';
    return trimText(value) === '' ? 'This field may not be blank.' : null;
  },
  nullCharacters: (value) =>
    typeof value === 'string' && value.includes('\0') ? 'Null characters are not allowed.' : null,
  surrogateCharacters: (value) => {
    const lone = typeof value === 'string' ? /\p{Surrogate}/u.exec(value)?.[0] : undefined;
    if (lone === undefined) return null;
    const hex = lone.charCodeAt(0).toString(16).toUpperCase();
    return `Surrogate characters are not allowed: U+${hex}.`;
  },
};

const ALL_CHECKS = Object.values(CHECKS);

/** Python's `str.isspace()`. JavaScript's `trim()` differs in U+001C–U+001F, U+0085 and U+FEFF. */
const WHITESPACE = new Set([
  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001,
  0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f,
  0x205f, 0x3000,
]);

const declaredFields = new WeakMap<object, readonly DeclaredField[]>();

/** Removes white space around a text as Python's `str.strip()` does (contract §4). */
export function trimText(text: string): string {
  // Not a regular expression: /\s+$/ takes quadratic time on a megabyte of spaces before a letter.
  let start = 0;
  let end = text.length;
  while (start < end && WHITESPACE.has(text.charCodeAt(start))) start += 1;
  while (end > start && WHITESPACE.has(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/**
 * Marks a DTO's property as required text, with the messages of Django REST framework's `CharField` (contract §4).
 * `validateFields` reads it; class-validator's own `validate` and Nest's `ValidationPipe` check it too, without
 * the trimming and without turning numbers into text.
 */
export function CharField(options: CharFieldOptions = {}): PropertyDecorator {
  return (target, property) => {
    for (const [name, problem] of Object.entries(CHECKS)) {
      registerDecorator({
        name,
        target: target.constructor,
        propertyName: String(property),
        constraints: [options.trim ?? true],
        validator: {
          validate: (value: unknown) => problem(value) === null,
          defaultMessage: (checked) => problem(checked?.value) ?? '',
        },
      });
    }
  };
}

/**
 * Reads a parsed body into a DTO: its declared fields and nothing else, in the order of declaration, a base class's
 * first (contract §3, §4). Inherited properties of the body are never looked at.
 *
 * @throws {ValidationError} `invalid` with the messages of all failing fields, or `non_field_errors` when the body
 *   is not an object
 */
export function validateFields<T extends object>(Dto: new () => T, data: unknown): T {
  const body = requireObject(data);
  const fields = fieldsOf(Dto);
  const dto = new Dto();
  let isGood = true;
  for (const { name, charField, hasMore } of fields) {
    const value: unknown = Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined;
    if (value !== undefined)
      Reflect.set(dto, name, charField ? toText(value, charField.trim) : value);
    isGood &&= charField !== null && !hasMore && ALL_CHECKS.every((check) => check(value) === null);
  }
  // class-validator takes ten times as long; it is asked only where it has more to say.
  return isGood ? dto : requireValid(dto, fields);
}

function requireValid<T extends object>(dto: T, fields: readonly DeclaredField[]): T {
  const messages = new Map<string, string[]>();
  const failures = validateSync(dto, {
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  for (const { property, constraints = {} } of failures) {
    const first = constraints[TEXT];
    messages.set(property, first === undefined ? Object.values(constraints) : [first]);
  }
  if (messages.size === 0) return dto;
  const errors: Record<string, string[]> = {};
  for (const { name } of fields) {
    const found = messages.get(name);
    if (found) errors[name] = found;
  }
  throw new ValidationError(errors);
}

function requireObject(data: unknown): object {
  if (data === null || data === undefined) {
    throw new ValidationError({ non_field_errors: ['No data provided'] });
  }
  if (typeof data === 'object' && !Array.isArray(data)) return data;
  const got = `Invalid data. Expected a dictionary, but got ${pythonTypeName(data)}.`;
  throw new ValidationError({ non_field_errors: [got] });
}

function pythonTypeName(data: unknown): string {
  if (Array.isArray(data)) return 'list';
  if (typeof data === 'boolean') return 'bool';
  if (typeof data === 'number') return Number.isInteger(data) ? 'int' : 'float';
  return 'str';
}

function toText(value: unknown, trim: boolean): unknown {
  if (typeof value === 'number') return String(value);
  return trim && typeof value === 'string' ? trimText(value) : value;
}

function fieldsOf(Dto: new () => object): readonly DeclaredField[] {
  const known = declaredFields.get(Dto);
  if (known) return known;
  const fields = new Map<string, DeclaredField>();
  for (const owner of lineage(Dto)) {
    const metadata = getMetadataStorage().getTargetValidationMetadatas(owner, '', false, false);
    for (const { propertyName: name, name: check, constraints } of metadata) {
      const field = fields.get(name) ?? { name, charField: null, hasMore: false };
      const trim: unknown = check === TEXT ? constraints[0] : undefined;
      if (typeof trim === 'boolean') field.charField = { trim };
      else if (check === undefined || !Object.hasOwn(CHECKS, check)) field.hasMore = true;
      fields.set(name, field);
    }
  }
  const list = [...fields.values()];
  declaredFields.set(Dto, list);
  return list;
}

/** A class and its ancestors, the oldest first. */
function lineage(Dto: Function): Function[] {
  const parent: unknown = Object.getPrototypeOf(Dto);
  const hasParent = typeof parent === 'function' && parent !== Function.prototype;
  return hasParent ? [...lineage(parent), Dto] : [Dto];
}
