import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';
import type { Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { isRingAlgorithm, type RingAlgorithm } from './domain/algorithm.js';
import { longestLifetime, secondsToVerify, type KeyState } from './domain/key-state.js';
import { dueWork, isUnannounced, type DueWork } from './domain/rotation-schedule.js';
import { generatePrivateKey } from './generate-key.js';
import { keyEvents } from './key-events.js';
import { KeyRepository, type StoredKey } from './key-repository.js';
import { KeyEncryption } from './key-encryption.js';
import { NO_KEYS, readRing } from './ring-keys.js';

/**
 * What of a key of the ring may be shown. Times are ms since the epoch, null for not yet.
 *
 * @publicApi
 */
export interface KeyDescription {
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly algorithm: RingAlgorithm;
  readonly state: KeyState;
  readonly createdAt: number;
  readonly activatedAt: number | null;
  readonly retiredAt: number | null;
  readonly verifiesUntil: number | null;
}

/**
 * What a rotation or a retirement has done.
 *
 * @publicApi
 */
export interface KeyChange {
  /** The key that signs now; null when the configured `SIGNING_KEY` does. */
  readonly signing: KeyDescription | null;
  readonly retired: KeyDescription | null;
  /** Whether the key that signs was published less than ten minutes before, so that caches of the JWK Set may not know it. */
  readonly isUnannounced: boolean;
}

/**
 * How a key is retired.
 *
 * @publicApi
 */
export interface RetireOptions {
  /** The key stops verifying at once: for one that may have been stolen. */
  readonly now?: boolean;
  /** Whether another key takes the place of one that signs, true by default; otherwise `SIGNING_KEY` signs again. */
  readonly successor?: boolean;
}

/** The default cause of a change: the code of a host. */
const BY_APPLICATION: Cause = { actor: 'application', address: null };
const BY_SCHEDULE: Cause = { actor: 'schedule', address: null };

/** Days that ended keys are still listed. */
const REMEMBERED = 90;

/**
 * Changes the key ring, one caller at a time (design §5). Every node follows within a second. The commands
 * `nest-simplejwt keys …` and the schedule call it.
 *
 * @publicApi
 */
@Injectable()
export class KeyRotationService {
  private readonly encryption: KeyEncryption;

  constructor(
    private readonly database: DataSource,
    private readonly settings: AuthSettings,
    private readonly events: SecurityEvents,
  ) {
    this.encryption = new KeyEncryption(settings);
  }

  /** All keys, oldest first. */
  async list(): Promise<KeyDescription[]> {
    return (await new KeyRepository(this.database.manager).findAll()).map(describe);
  }

  /**
   * Makes a key that is published and does not sign yet.
   *
   * @param algorithm - by default that of the key that signs
   * @param by - who does it, for the log
   * @throws ConfigError when `KEY_ENCRYPTION_KEY` is unset or does not open the keys that are there
   */
  generate(algorithm?: RingAlgorithm, by: Cause = BY_APPLICATION): Promise<KeyDescription> {
    return this.exclusively(by, async (rows, keys) => {
      this.encryption.check(keys);
      return this.make(rows, algorithm ?? this.usualAlgorithm(keys));
    });
  }

  /**
   * Lets the next key sign (the oldest one; it is made when there is none) and retires the one that signed, which
   * verifies until its last token has ended.
   *
   * @throws ConfigError as `generate` does, or when a key is damaged in the database
   */
  rotate(by: Cause = BY_APPLICATION): Promise<KeyChange> {
    return this.exclusively(by, (rows, keys) => this.replace(rows, keys));
  }

  /**
   * Retires a key before its time. One that signs is replaced, as by `rotate`; without a successor nothing has to open,
   * which is the way out when `KEY_ENCRYPTION_KEY` is lost.
   *
   * @throws ConfigError when there is no such key, or it has ended; or as `rotate` does, when it is replaced
   */
  retire(kid: string, options: RetireOptions = {}, by: Cause = BY_APPLICATION): Promise<KeyChange> {
    return this.exclusively(by, async (rows, keys) => {
      const key = keys.find((one) => one.kid === kid);
      if (!key)
        throw new ConfigError([`There is no key ${kid}. nest-simplejwt keys list shows all.`]);
      if (key.state === 'ended') throw new ConfigError([`The key ${kid} has ended already.`]);
      if (key.state === 'signing' && options.successor !== false) {
        return this.replace(rows, keys, options.now);
      }
      // The end of a key that is retired already has been computed; only its end at once changes anything.
      if (key.state !== 'retired' || options.now) {
        await rows.retire(kid, this.verifyingTime(key, options.now || key.state === 'next'));
      }
      return changeOf(await rows.findAll(), kid, false);
    });
  }

  /**
   * Does what a schedule asks for. It begins no ring: `begin` is for the operator.
   *
   * @param interval - seconds between two rotations
   */
  async followSchedule(interval: number): Promise<DueWork> {
    const rows = new KeyRepository(this.database.manager);
    const due = dueWork(await rows.findAll(), interval * 1000, await rows.now());
    // The usual case, which locks nothing and announces no change.
    if (due === 'nothing' || due === 'begin') return due;
    return this.exclusively(BY_SCHEDULE, async (locked, keys, now) => {
      const work = dueWork(keys, interval * 1000, now);
      if (work === 'generate') {
        this.encryption.check(keys);
        await this.make(locked, this.usualAlgorithm(keys));
      }
      if (work === 'rotate') await this.replace(locked, keys);
      return work;
    });
  }

  /** On a locked table: of two rotations at the same time the second sees what the first has done. */
  private async exclusively<T>(
    by: Cause,
    work: (rows: KeyRepository, keys: readonly StoredKey[], now: number) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async (transaction) => {
      const rows = new KeyRepository(transaction);
      await rows.lock();
      const found = await rows.findAll();
      const done = await work(rows, found, await rows.now());
      await this.events.emit(transaction, keyEvents(found, await rows.findAll(), by));
      return done;
    });
  }

  private async replace(
    rows: KeyRepository,
    keys: readonly StoredKey[],
    endsAtOnce = false,
  ): Promise<KeyChange> {
    const signing = keys.find(({ state }) => state === 'signing');
    const next = keys.find(({ state }) => state === 'next');
    this.checkKeysSound(keys);
    const kid = next?.kid ?? (await this.make(rows, this.usualAlgorithm(keys))).kid;
    if (signing) await rows.retire(signing.kid, this.verifyingTime(signing, endsAtOnce));
    await rows.activate(kid);
    await rows.deleteEnded(REMEMBERED);
    return changeOf(await rows.findAll(), signing?.kid, isUnannounced(next, await rows.now()));
  }

  /**
   * A key may be retired, and its private part deleted, only where its successor will be of use: a wrong
   * `KEY_ENCRYPTION_KEY` in one shell would encrypt a key that no server opens and destroy the one that all servers sign with.
   */
  private checkKeysSound(keys: readonly StoredKey[]): void {
    const { problem, damaged } = readRing(
      keys.filter(({ encrypted }) => encrypted !== null),
      this.encryption,
      NO_KEYS,
    );
    if (problem) throw problem;
    if (damaged.length === 0) return;
    throw new ConfigError(
      damaged.map(
        (kid) =>
          `The public part of the signing key ${kid} in the database is damaged. Retire it first: nest-simplejwt keys retire ${kid} --no-successor`,
      ),
    );
  }

  private async make(rows: KeyRepository, algorithm: RingAlgorithm): Promise<KeyDescription> {
    const key = this.encryption.encrypt(await generatePrivateKey(algorithm), algorithm);
    const lifetime = longestLifetime(this.settings);
    const [made] = await rows.insert({ ...key, longestLifetime: lifetime });
    if (!made) throw new Error(`the key ${key.kid} was not stored`);
    return describe(made);
  }

  private usualAlgorithm(keys: readonly StoredKey[]): RingAlgorithm {
    const signing = keys.find(({ state }) => state === 'signing');
    const { algorithm } = this.settings;
    return signing?.algorithm ?? (isRingAlgorithm(algorithm) ? algorithm : 'ES256');
  }
  /**
   * How long a key verifies from now on, seconds: as long as the longest token of any server that signed with it, or of
   * the one that retires it.
   */
  private verifyingTime(key: StoredKey, endsAtOnce = false): number {
    if (endsAtOnce) return 0;
    return secondsToVerify(Math.max(key.longestLifetime, longestLifetime(this.settings)));
  }
}

/** What a change of the ring has come to. */
function changeOf(
  keys: readonly StoredKey[],
  retired: string | undefined,
  isUnannouncedNow: boolean,
): KeyChange {
  const signing = keys.find(({ state }) => state === 'signing');
  const old = keys.find(({ kid }) => kid === retired);
  return {
    signing: signing ? describe(signing) : null,
    retired: old ? describe(old) : null,
    isUnannounced: isUnannouncedNow,
  };
}

/** Lists what is shown by name, so that no other column ever is. */
function describe(key: StoredKey): KeyDescription {
  const { kid, algorithm, state, createdAt, activatedAt, retiredAt, verifiesUntil } = key;
  return { kid, algorithm, state, createdAt, activatedAt, retiredAt, verifiesUntil };
}
