/** A value of JSON. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** One file of `profiles/`: a server's configuration and what it must answer then. */
export interface Profile {
  readonly profile: string;
  readonly about: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Key pairs that are made anew for every run. */
  readonly keys?: Readonly<Record<string, KeySpec>>;
  /** Names of key sets that are served over HTTP, with the names of their keys. */
  readonly jwks?: Readonly<Record<string, readonly string[]>>;
  /** What `USERS_FIXTURE` holds. */
  readonly users: readonly Json[];
  readonly cases: readonly Case[];
}

/** The kind of a key pair. */
export interface KeySpec {
  readonly kty: 'rsa' | 'ec' | 'okp';
  readonly curve?: string;
  readonly bits?: number;
}

/** Steps that share the values they keep; the first one that fails ends the case. */
export interface Case {
  readonly id: string;
  readonly about: string;
  readonly steps: readonly Step[];
}

export type Step = SendStep | ForgeStep | TamperStep | SleepStep;

/** A request and what must come back. */
export interface SendStep {
  readonly send: Message;
  readonly expect: Expectation;
  /** What a correct server answers where the recorded one had a defect; it counts instead. */
  readonly improved?: Expectation;
  readonly also?: Partial<Expectation>;
  /** Values to keep: name → path in the body, `#` and a path of claims. */
  readonly capture?: Readonly<Record<string, string>>;
  /** How many times the request is sent at once. */
  readonly parallel?: number;
}

/** A request. At most one of the kinds of body. */
export interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, Json>>;
  readonly json?: Json;
  readonly form?: Readonly<Record<string, Json>>;
  readonly multipart?: Readonly<Record<string, Json>>;
  readonly raw?: Json;
  readonly base64?: string;
  /** Content type of `raw` and `base64`; null for none. */
  readonly type?: string | null;
}

/** What an answer must be like. Values may be matchers. */
export interface Expectation {
  readonly status?: Json;
  readonly headers?: Readonly<Record<string, Json>>;
  readonly body?: Json;
  readonly empty?: boolean;
  /** Of parallel requests: how many answered 200, and which statuses may occur. */
  readonly successes?: Json;
  readonly statuses?: readonly number[];
}

/** Makes a token. */
export interface ForgeStep {
  readonly forge: string;
  readonly claims?: Json;
  /** The payload's text, in place of claims. */
  readonly payload?: Json;
  readonly header?: Json;
  readonly alg?: string;
  readonly key?: Json;
}

/** Makes a token out of another one. */
export interface TamperStep {
  readonly tamper: string;
  readonly from: string;
  readonly how: string;
  readonly set?: Json;
  readonly other?: string;
}

/** Lets time pass, in seconds. */
export interface SleepStep {
  readonly sleep: number;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
