import { createHash, randomBytes } from 'node:crypto';
import { isObject, type Json } from './format.js';
import type { TestKey } from './keys.js';

/** What a case can name: the values it has kept, and the profile's keys and key sets. */
export class Scope {
  private readonly kept = new Map<string, unknown>();

  constructor(
    readonly algorithm: string,
    readonly signingKey: string,
    readonly verifyingKey: string,
    private readonly keys: ReadonlyMap<string, TestKey>,
    private readonly keySets: ReadonlyMap<string, string>,
  ) {}

  /** The same profile with nothing kept: cases know nothing of each other. */
  forCase(): Scope {
    return new Scope(this.algorithm, this.signingKey, this.verifyingKey, this.keys, this.keySets);
  }

  keep(name: string, value: unknown): void {
    this.kept.set(name, value);
  }

  /** Puts values in the place of `${names}` and value makers, at any depth. */
  insert(value: Json): Json {
    if (typeof value === 'string') {
      return value.replaceAll(/\$\{([^}]+)\}/g, (_whole, name: string) => this.valueOf(name));
    }
    if (Array.isArray(value)) return value.map((item) => this.insert(item));
    if (!isObject(value)) return value;
    const members = Object.entries(value);
    const [first] = members;
    const made = first && members.length === 1 ? this.make(first[0], first[1]) : undefined;
    return made ?? Object.fromEntries(members.map(([name, item]) => [name, this.insert(item)]));
  }

  /** The same for what must be a text in the end. */
  insertText(value: Json): string {
    const inserted = this.insert(value);
    return typeof inserted === 'string' ? inserted : JSON.stringify(inserted);
  }

  private make(name: string, argument: Json): Json | undefined {
    const now = Math.floor(Date.now() / 1000);
    switch (name) {
      case '$now':
        return now + Number(argument);
      case '$nowText':
        return String(now + Number(argument));
      case '$hex':
        return randomBytes(Number(argument) / 2).toString('hex');
      case '$repeat': {
        const [text, times] = argument as [string, number];
        return text.repeat(times);
      }
      case '$md5':
        return createHash('md5').update(this.insertText(argument)).digest('hex').toUpperCase();
      default:
        return undefined;
    }
  }

  private valueOf(name: string): string {
    if (this.kept.has(name)) return String(this.kept.get(name));
    const [kind, which = '', part] = name.split('.');
    const found =
      kind === 'jwks'
        ? this.keySets.get(which)
        : kind === 'key' && (part === 'private' || part === 'public')
          ? this.keys.get(which)?.[part]
          : undefined;
    if (found === undefined) throw new Error(`nothing is known under the name ${name}`);
    return found;
  }
}
