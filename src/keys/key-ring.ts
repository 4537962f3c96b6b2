import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { databaseFault } from '../common/database-fault.js';
import { UnavailableError } from '../common/errors.js';
import { AuthSettings } from '../config/auth-settings.js';
import { ChangeFeed, type FeedListener } from '../feed/change-feed.js';
import { longestLifetime } from './domain/key-state.js';
import { isThumbprint, type PublicJwk } from './domain/jwk.js';
import { KeyRepository, type StoredKey } from './key-repository.js';
import { KeyEncryption } from './key-encryption.js';
import { RingReader } from './ring-reader.js';
import { NO_KEYS, readRing, type RingKey, type RingKeys } from './ring-keys.js';
import type { SigningKey, VerifyingKey } from './verifying-key.js';

/** Change key of the feed that stands for the whole ring. */
const CHANGED = 'k';
/** How often a node without the feed looks for changes, so that it does not sign with a retired key, ms. */
const LOOK_INTERVAL = 500;

/**
 * The keys of `auth_signing_key` in memory, as they are in the database (design §5): a rotation that was committed
 * anywhere is known here within a second. The `kid` of a token is only ever looked up among these keys.
 */
@Injectable()
export class KeyRing implements FeedListener, OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('KeyRing');
  private readonly rows: KeyRepository;
  private readonly encryption: KeyEncryption;
  private readonly lifetime: number;
  private keys: RingKeys = NO_KEYS;
  private readonly reader: RingReader;
  private looking: NodeJS.Timeout | undefined;
  private reported = '';
  /** Why the lifetime of the tokens could not be noted; null when nothing is left to note. */
  private unnoted: string | null = null;

  constructor(
    database: DataSource,
    feed: ChangeFeed,
    private readonly clock: Clock,
    settings: AuthSettings,
  ) {
    this.rows = new KeyRepository(database);
    this.encryption = new KeyEncryption(settings);
    this.lifetime = longestLifetime(settings);
    this.reader = new RingReader(() => this.load(), feed, clock);
    feed.subscribe(this);
  }

  /** @throws ConfigError when the ring holds a private key that `KEY_ENCRYPTION_KEY` does not open */
  async onModuleInit(): Promise<void> {
    await this.catchUp();
    if (this.keys.problem) throw this.keys.problem;
    this.looking = setInterval(() => this.look(), LOOK_INTERVAL).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.looking);
  }

  changed(key: string): void {
    if (key === CHANGED) this.everythingChanged();
  }

  everythingChanged(): void {
    this.reader.noteChange();
    void this.catchUp();
  }

  /** The key of the ring that signs, null when there is none. */
  get signingKey(): SigningKey | null {
    return this.keys.signing;
  }

  /** Whether the ring holds no key at all. */
  get isEmpty(): boolean {
    return this.keys.verifying.size === 0;
  }

  /** Whether this key object is known to verify now, without a read of the database. */
  vouchesFor(key: VerifyingKey): boolean {
    return key.kid !== null && this.alive(key.kid) === key && this.reader.isCurrent();
  }

  /**
   * The key of that id, null when none is known here that verifies.
   *
   * @throws UnavailableError when the ring cannot be read, which says nothing about the key
   */
  async find(kid: string): Promise<VerifyingKey | null> {
    if (!isThumbprint(kid)) return null;
    await this.settle();
    return this.alive(kid);
  }

  /**
   * As `find`, for an id that was not known: another node may have signed with a key of which this one has not heard yet.
   * The ring is read again, at most once a second; every caller waits for a read that begins after the call.
   *
   * @throws UnavailableError when the ring cannot be read
   */
  async findNew(kid: string): Promise<VerifyingKey | null> {
    if (!isThumbprint(kid) || !this.isUsed) return null;
    if (!this.keys.verifying.has(kid)) await this.reader.readAnew();
    return this.alive(kid);
  }

  /**
   * The public parts of all keys that verify, or will.
   *
   * @throws UnavailableError when the ring cannot be read
   */
  async publicKeys(): Promise<readonly PublicJwk[]> {
    await this.settle();
    return [...this.keys.verifying.keys()].flatMap((kid) => this.alive(kid)?.jwk ?? []);
  }

  private alive(kid: string): RingKey | null {
    const key = this.keys.verifying.get(kid);
    return key && this.clock.now() < key.verifiesUntil ? key : null;
  }

  /** A server without keys, and without the means to make one, looks up nothing: a `kid` means nothing to it. */
  private get isUsed(): boolean {
    return this.encryption.isReady || !this.isEmpty || !this.reader.hasRead;
  }

  private async settle(): Promise<void> {
    if (this.isUsed) await this.reader.settle();
  }

  private look(): void {
    if (this.isUsed && (this.unnoted || !this.reader.isCurrent())) void this.catchUp();
  }

  /** Where the database cannot be reached, `look` and requests try again. */
  private async catchUp(): Promise<void> {
    try {
      await this.reader.catchUp();
    } catch (error) {
      this.report(`the ring cannot be read (${faultOf(error)}) and will be read again`);
    }
  }

  private async load(): Promise<void> {
    try {
      const stored = await this.rows.findLive();
      await this.noteLifetime(stored);
      this.keys = readRing(stored, this.encryption, this.keys);
    } catch (error) {
      throw new UnavailableError('key_ring_unavailable', { cause: error });
    }
    this.reportProblems();
  }

  /**
   * Notes the lifetime before the first token that has it is signed: a retirement elsewhere depends on it. Where that
   * fails `look` tries again; meanwhile the keys are used, or no token would verify while the database is read-only.
   */
  private async noteLifetime(stored: readonly StoredKey[]): Promise<void> {
    this.unnoted = null;
    const signing = stored.find(({ state }) => state === 'signing');
    if (!signing || signing.longestLifetime >= this.lifetime || !this.encryption.isReady) return;
    try {
      await this.rows.raiseLifetime(signing.kid, this.lifetime);
    } catch (error) {
      this.unnoted = `how long its tokens live cannot be noted of the key ${signing.kid} (${textOf(error)})`;
    }
  }

  private reportProblems(): void {
    const { problem, damaged } = this.keys;
    const lines = [
      ...(this.unnoted ? [this.unnoted] : []),
      ...(problem ? [`${problem.message} Until then SIMPLE_JWT_SIGNING_KEY signs.`] : []),
      ...damaged.map((kid) => `the key ${kid} is damaged in the database and is not used`),
    ];
    this.report(lines.join('\n'));
  }

  /** Logs a text once, until it changes. */
  private report(text: string): void {
    if (text !== '' && text !== this.reported) this.logger.error(text);
    this.reported = text;
  }
}

function faultOf(error: unknown): string {
  return textOf((error as { cause?: unknown }).cause);
}

function textOf(error: unknown): string {
  return databaseFault(error) ?? (error instanceof Error ? error.message : 'unknown');
}
