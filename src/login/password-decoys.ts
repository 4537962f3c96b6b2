import { createHmac } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { trimText } from '../http/char-field.js';
import { AuthSettings } from '../config/auth-settings.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { UserStore } from '../users/user-store.js';

/** How long a sample is used, ms. */
const SAMPLED_FOR = 60_000;
/** How long at least, where a user of a kind appears that the sample lacks, ms: users may have been imported meanwhile. */
const SAMPLED_AT_LEAST = 2000;
/** Users that a sample has at least (where the table has so many), and at most. */
const SMALLEST_SAMPLE = 1000;
const LARGEST_SAMPLE = 4000;
/** No password matches it; a check of it costs as much as a new hash. */
const NO_PASSWORD = '!';

/* -1 for a table that was never analyzed, no row for what is no table. */
const COUNT = `
  SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', 'p')`;

/** A kind of stored password: algorithm and cost. */
interface Kind {
  /** Costs as much to check as a password of this kind, and nothing matches it. */
  readonly decoy: string;
  readonly users: number;
}

interface Sample {
  readonly kinds: readonly Kind[];
  /** Whether it has all users. */
  readonly isWhole: boolean;
  /** ms on the monotonic clock */
  readonly at: number;
}

/**
 * Stored passwords that are checked where there is no real one, so that the time of a refusal tells nobody which names
 * exist. Stored hashes may cost more than new ones (those from Django do), so that the cost of a new hash would give an
 * unknown name away. Each name is given one of the kinds that the table has, in the table's proportions and always the
 * same one, chosen by an HMAC.
 *
 * The kinds come from a sample of a few thousand rows at most. Each node takes a sample in the background, once a minute
 * while there are log-ins; all nodes take the same rows.
 */
@Injectable()
export class PasswordDecoys {
  private readonly logger = new Logger('PasswordDecoys');
  private sample: Sample | null = null;
  private sampling: Promise<Sample> | null = null;

  constructor(
    private readonly settings: AuthSettings,
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
    private readonly database: DataSource,
  ) {}

  /**
   * A stored password that nothing matches and that costs what the one of a user of this name would.
   *
   * @param userDecoy - the decoy of the user who has this name; null where there is none
   */
  async of(username: string, userDecoy: string | null): Promise<string> {
    if (this.isDue(userDecoy)) void this.takeSample();
    // Only the first call waits: a later wait would show in the time of the answer.
    const { kinds } = this.sample ?? (await this.takeSample());
    const total = kinds.reduce((sum, { users }) => sum + users, 0);
    let place = this.fractionOf(username) * total;
    for (const { decoy, users } of kinds) {
      place -= users;
      if (place < 0) return decoy;
    }
    return NO_PASSWORD;
  }

  private isDue(userDecoy: string | null): boolean {
    if (this.sample === null) return true;
    const { kinds, isWhole, at } = this.sample;
    const age = performance.now() - at;
    const isNew = isWhole && userDecoy !== null && kinds.every(({ decoy }) => decoy !== userDecoy);
    return age >= (isNew ? SAMPLED_AT_LEAST : SAMPLED_FOR);
  }

  /** From 0 up to 1, without 1. Letter case does not count, since a store may fold it. */
  private fractionOf(username: string): number {
    const name = trimText(username).normalize('NFKC').toLowerCase();
    const digest = createHmac('sha256', this.settings.signingKey).update(`decoy\0${name}`).digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  }

  private takeSample(): Promise<Sample> {
    this.sampling ??= this.read().then((sample) => {
      this.sampling = null;
      return (this.sample = sample);
    });
    return this.sampling;
  }

  /** Where the table cannot be read, the last sample stays in use. */
  private async read(): Promise<Sample> {
    const at = performance.now();
    try {
      const passwords = await this.readPasswords();
      const kinds = kindsOf(passwords.texts.map((text) => this.hasher.decoyOf(text)));
      return { kinds, isWhole: passwords.areAll, at };
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      this.logger.warn(`the kinds of stored passwords could not be read: ${reason}`);
      return { ...(this.sample ?? { kinds: [], isWhole: false }), at };
    }
  }

  private async readPasswords(): Promise<{ texts: string[]; areAll: boolean }> {
    const { name, password } = this.users.table;
    const [count] = await this.database.query<{ rows: number }[]>(COUNT, [name]);
    // A random choice of whole pages, always the same ones. A power of two, so that a few more rows change nothing.
    const percent =
      2 ** Math.ceil(Math.log2((100 * SMALLEST_SAMPLE) / Math.max(count?.rows ?? 0, 1)));
    const some = percent < 100 ? `TABLESAMPLE SYSTEM (${percent}) REPEATABLE (1)` : '';
    const rows = await this.database.query<{ password: string | null }[]>(
      `SELECT ${password} AS password FROM ${name} ${some} LIMIT ${LARGEST_SAMPLE}`,
    );
    const texts = rows.map((row) => row.password ?? NO_PASSWORD);
    return { texts, areAll: some === '' && texts.length < LARGEST_SAMPLE };
  }
}

/** Sorted, so that a name has the same kind on all nodes. */
function kindsOf(decoys: readonly (string | null)[]): Kind[] {
  const counts = new Map<string, number>();
  for (const decoy of decoys) {
    if (decoy !== null) counts.set(decoy, (counts.get(decoy) ?? 0) + 1);
  }
  return [...counts]
    .map(([decoy, users]) => ({ decoy, users }))
    .toSorted((one, other) => (one.decoy < other.decoy ? -1 : 1));
}
