import type { Received } from './exchange.js';
import { isObject, type Expectation, type Json } from './format.js';
import { decode, isSigned } from './jws.js';
import type { Scope } from './scope.js';

/** Seconds that clocks and slow machines may add. */
const TOLERANCE = 2;

/** Holds an answer against what is expected of it. Every way in which they differ is a line; none means that they agree. */
export class Matching {
  private readonly differences: string[] = [];

  constructor(
    private readonly scope: Scope,
    private readonly answer: Received,
  ) {}

  /** @returns what is wrong with the answer */
  check(expected: Partial<Expectation>): readonly string[] {
    const { status, headers = {}, body, empty } = expected;
    if (status !== undefined) this.match(status, this.answer.status, 'status');
    for (const [name, wanted] of Object.entries(headers)) this.matchHeader(name, wanted);
    if (body !== undefined) this.match(body, this.answer.json, 'body');
    if (empty && this.answer.text !== '') this.differ('body', 'nothing', this.answer.text);
    return this.differences;
  }

  /** @returns what is wrong with one value */
  checkValue(expected: Json, actual: unknown, where: string): readonly string[] {
    this.match(expected, actual, where);
    return this.differences;
  }

  private matchHeader(name: string, wanted: Json): void {
    const given = this.answer.headers[name];
    const where = `header ${name}`;
    if (wanted === null) {
      if (given !== undefined) this.differ(where, 'no such header', given);
    } else if (name === 'content-type') {
      this.match(wanted, String(given).split(';')[0]?.trim().toLowerCase(), where);
    } else if (name === 'allow') {
      this.match(methods(wanted as string), methods(String(given)), where);
    } else this.match(wanted, given, where);
  }

  private match(expected: Json, actual: unknown, where: string): void {
    if (Array.isArray(expected)) this.matchList(expected, actual, where);
    else if (isObject(expected)) this.matchObject(expected, actual, where);
    else {
      const wanted = this.scope.insert(expected);
      if (!Object.is(wanted, actual)) this.differ(where, wanted, actual);
    }
  }

  private matchList(expected: Json[], actual: unknown, where: string): void {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      this.differ(where, expected, actual);
    } else expected.forEach((item, index) => this.match(item, actual[index], `${where}[${index}]`));
  }

  private matchObject(expected: Record<string, Json>, actual: unknown, where: string): void {
    const [matcher, ...others] = Object.keys(expected);
    if (matcher?.startsWith('$') && others.length === 0) {
      this.matchSpecially(matcher, expected[matcher] as Json, actual, where);
      return;
    }
    this.matchMembers(expected, actual, where);
    for (const name of isObject(actual) ? Object.keys(actual) : []) {
      if (!(name in expected)) this.differ(`${where}.${name}`, 'no such member', 'one');
    }
  }

  private matchMembers(expected: Record<string, Json>, actual: unknown, where: string): void {
    if (!isObject(actual)) {
      this.differ(where, 'an object', actual);
      return;
    }
    for (const [name, item] of Object.entries(expected)) {
      if (name in actual) this.match(item, actual[name], `${where}.${name}`);
      else this.differ(`${where}.${name}`, item, undefined);
    }
  }

  private matchSpecially(matcher: string, argument: Json, actual: unknown, where: string): void {
    if (matcher === '$jwt') {
      this.matchToken(argument as Record<string, Json>, actual, where);
    } else if (matcher === '$contains') {
      this.matchMembers(argument as Record<string, Json>, actual, where);
    } else if (!this.fits(matcher, argument, actual)) {
      this.differ(where, { [matcher]: argument }, actual);
    }
  }

  private fits(matcher: string, argument: Json, actual: unknown): boolean {
    switch (matcher) {
      case '$any':
        return true;
      case '$ne':
        return this.scope.insert(argument) !== actual;
      case '$gte':
        return typeof actual === 'number' && actual >= Number(argument);
      case '$md5':
        return this.scope.insert({ $md5: argument }) === actual;
      case '$hex':
        return typeof actual === 'string' && isHex(actual, Number(argument));
      case '$regex':
        return typeof actual === 'string' && new RegExp(argument as string, 'su').test(actual);
      case '$now':
        return this.isAbout(Number(argument), actual);
      case '$oneOf':
        return (argument as Json[]).some((option) => this.agrees(option, actual));
      case '$unordered': {
        const items = argument as Json[];
        if (!Array.isArray(actual) || actual.length !== items.length) return false;
        return items.every((item) => actual.some((given) => this.agrees(item, given)));
      }
      default:
        throw new Error(`the format knows no matcher ${matcher}`);
    }
  }

  /** A whole second that lies so far from when the request was under way. */
  private isAbout(distance: number, actual: unknown): boolean {
    return (
      Number.isInteger(actual) &&
      Number(actual) >= Math.floor(this.answer.sentAt) + distance - TOLERANCE &&
      Number(actual) <= Math.ceil(this.answer.receivedAt) + distance + TOLERANCE
    );
  }

  private agrees(expected: Json, actual: unknown): boolean {
    return new Matching(this.scope, this.answer).checkValue(expected, actual, '').length === 0;
  }

  private matchToken(expected: Record<string, Json>, actual: unknown, where: string): void {
    const token = decode(actual);
    if (token === null) {
      this.differ(where, 'a token', actual);
      return;
    }
    const { header, claims, order } = expected;
    if (header !== undefined) this.match(header, token.header, `${where}.header`);
    if (claims !== undefined) this.match(claims, token.claims, `${where}.claims`);
    if (order !== undefined) this.match(order, Object.keys(token.claims), `${where} claim order`);
    if (!isSigned(String(actual), this.scope.verifyingKey)) {
      this.differ(where, "a signature of the profile's key", 'another one');
    }
  }

  private differ(where: string, expected: unknown, actual: unknown): void {
    this.differences.push(`${where}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

function isHex(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-f]*$/.test(text);
}

function methods(allow: string): string {
  return allow
    .split(',')
    .map((method) => method.trim())
    .toSorted()
    .join(', ');
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
