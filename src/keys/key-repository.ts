import type { EntityManager } from 'typeorm';
import type { RingAlgorithm } from './domain/algorithm.js';
import { keyState, type KeyState, type KeyTimes } from './domain/key-state.js';
import type { PublicJwk } from './domain/jwk.js';

/** A key of the ring as it is stored. Times are the database's, ms since the epoch. */
export interface StoredKey extends KeyTimes {
  readonly kid: string;
  readonly algorithm: RingAlgorithm;
  readonly publicJwk: PublicJwk;
  /** The private part; null once the key has been retired. */
  readonly encrypted: Buffer | null;
  /** Seconds that a token of this key may live. */
  readonly longestLifetime: number;
  readonly createdAt: number;
  /** At the time of the query. */
  readonly state: KeyState;
}

/** A key that is to join the ring. */
export type NewKey = Pick<
  StoredKey,
  'kid' | 'algorithm' | 'publicJwk' | 'encrypted' | 'longestLifetime'
>;

/** Runs statements: a transaction, or the DataSource. */
type Database = Pick<EntityManager, 'query'>;

type Row = Omit<StoredKey, 'state'> & { readonly now: number };

const milliseconds = (expression: string, name: string): string =>
  `(extract(epoch FROM ${expression}) * 1000)::float8 AS "${name}"`;

const COLUMNS = `kid, algorithm, public_jwk AS "publicJwk", sealed_private_key AS encrypted,
    longest_lifetime AS "longestLifetime", ${milliseconds('created_at', 'createdAt')},
    ${milliseconds('activated_at', 'activatedAt')}, ${milliseconds('retired_at', 'retiredAt')},
    ${milliseconds('verifies_until', 'verifiesUntil')}, ${milliseconds('now()', 'now')}`;

const SELECT = `SELECT ${COLUMNS} FROM auth_signing_key`;

/** Oldest first: next keys sign in the order in which they were made. */
const ORDER = 'ORDER BY created_at, kid';

/** The statements on `auth_signing_key`. */
export class KeyRepository {
  constructor(private readonly database: Database) {}

  /** Keeps others from changing the ring until the transaction ends; they may go on reading it. */
  async lock(): Promise<void> {
    await this.database.query('LOCK TABLE auth_signing_key IN SHARE ROW EXCLUSIVE MODE');
  }

  /** The database's time, ms since the epoch. */
  async now(): Promise<number> {
    const rows: { now: number }[] = await this.database.query(
      `SELECT ${milliseconds('now()', 'now')}`,
    );
    return rows[0]?.now ?? Number.NaN;
  }

  /** All keys, also those that have ended. */
  findAll(): Promise<StoredKey[]> {
    return this.find(`${SELECT} ${ORDER}`);
  }

  /** Keys that sign or verify, now or later. By the database's clock: the clock of a node may be behind. */
  findLive(): Promise<StoredKey[]> {
    return this.find(`${SELECT} WHERE verifies_until IS NULL OR verifies_until > now() ${ORDER}`);
  }

  async insert(key: NewKey): Promise<StoredKey[]> {
    return this.find(
      `INSERT INTO auth_signing_key (kid, algorithm, public_jwk, sealed_private_key, longest_lifetime)
       VALUES ($1, $2, $3, $4, $5) RETURNING ${COLUMNS}`,
      [key.kid, key.algorithm, key.publicJwk, key.encrypted, key.longestLifetime],
    );
  }

  async activate(kid: string): Promise<void> {
    await this.database.query('UPDATE auth_signing_key SET activated_at = now() WHERE kid = $1', [
      kid,
    ]);
  }

  /**
   * Retires a key. Its private part is deleted, since the key will never sign again.
   *
   * @param verifiesFor - seconds; 0 ends the key at once
   */
  async retire(kid: string, verifiesFor: number): Promise<void> {
    await this.database.query(
      `UPDATE auth_signing_key SET sealed_private_key = NULL,
         retired_at = coalesce(retired_at, now()), verifies_until = now() + $2 * interval '1 second'
       WHERE kid = $1`,
      [kid, verifiesFor],
    );
  }

  /** Notes how long tokens of this key may live; never shortens it. Other nodes need not hear of it. */
  async raiseLifetime(kid: string, seconds: number): Promise<void> {
    await this.database.query(
      'UPDATE auth_signing_key SET longest_lifetime = greatest(longest_lifetime, $2) WHERE kid = $1',
      [kid, seconds],
    );
  }

  /** Deletes keys that ended so many days ago. */
  async deleteEnded(days: number): Promise<void> {
    await this.database.query(
      `DELETE FROM auth_signing_key WHERE verifies_until < now() - $1 * interval '1 day'`,
      [days],
    );
  }

  private async find(statement: string, parameters: unknown[] = []): Promise<StoredKey[]> {
    const rows: Row[] = await this.database.query(statement, parameters);
    return rows.map(({ now, ...row }) => ({ ...row, state: keyState(row, now) }));
  }
}
