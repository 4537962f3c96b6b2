import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AuthSettings } from '../config/auth-settings.js';
import { ConfigError } from '../config/config-error.js';
import type { Cause } from '../events/domain/security-event.js';
import { SecurityEvents } from '../events/security-events.js';
import { isRingAlgorithm, type RingAlgorithm } from './domain/algorithm.js';
import { longestLifetime, secondsToVerify } from './domain/key-state.js';
import { dueWork, isUnannounced, type DueWork } from './domain/rotation-schedule.js';
import { generatePrivateKey } from './generate-key.js';
import { changeOf, describe, type KeyChange, type KeyDescription } from './key-description.js';
import { keyEvents } from './key-events.js';
import { KeyRows, type StoredKey } from './key-rows.js';
import { KeySealer, checkKeysOpen } from './key-sealer.js';
import { NO_KEYS, readRing } from './ring-keys.js';

/**
 * How a key is retired.
 *
 * @publicApi
 */
export interface RetireOptions {
  /** It stops verifying at once: for a key that somebody else may have. */
  readonly now?: boolean;
  /** Whether another key takes the place of one that signs, true by default; otherwise `SIGNING_KEY` signs again. */
  readonly successor?: boolean;
}

/** Who changes keys where nobody else is named: the code of a host. */
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
  private readonly sealer: KeySealer;

  constructor(
    private readonly database: DataSource,
    private readonly settings: AuthSettings,
    private readonly events: SecurityEvents,
  ) {
    this.sealer = new KeySealer(settings);
  }

  /** All keys, oldest first. */
  async list(): Promise<KeyDescription[]> {
    return (await new KeyRows(this.database.manager).findAll()).map(describe);
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
      checkKeysOpen(keys, this.sealer);
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
    return this.exclusively(by, (rows, keys) =>
      this.replace(rows, keys, (key) => verifyingTime(key, this.settings)),
    );
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
      const time = options.now ? 0 : verifyingTime(key, this.settings);
      if (key.state === 'signing' && options.successor !== false) {
        return this.replace(rows, keys, () => time);
      }
      // Of one that is retired already the time has been reckoned; only the end at once is news.
      if (key.state !== 'retired' || options.now) {
        await rows.retire(kid, key.state === 'next' ? 0 : time);
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
    const rows = new KeyRows(this.database.manager);
    const due = dueWork(await rows.findAll(), interval * 1000, await rows.now());
    // Nearly always: then nobody is locked out, and nobody hears of a change.
    if (due === 'nothing' || due === 'begin') return due;
    return this.exclusively(BY_SCHEDULE, (locked, keys, now) =>
      this.doDueWork(locked, keys, { interval, now }),
    );
  }

  private async doDueWork(
    rows: KeyRows,
    keys: readonly StoredKey[],
    { interval, now }: { readonly interval: number; readonly now: number },
  ): Promise<DueWork> {
    const work = dueWork(keys, interval * 1000, now);
    if (work === 'generate') {
      checkKeysOpen(keys, this.sealer);
      await this.make(rows, this.usualAlgorithm(keys));
    }
    if (work === 'rotate') {
      await this.replace(rows, keys, (key) => verifyingTime(key, this.settings));
    }
    return work;
  }

  /** On a locked table: of two that rotate at once the second sees what the first has done. */
  private async exclusively<T>(
    by: Cause,
    work: (rows: KeyRows, keys: readonly StoredKey[], now: number) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async (transaction) => {
      const rows = new KeyRows(transaction);
      await rows.lock();
      const found = await rows.findAll();
      const done = await work(rows, found, await rows.now());
      await this.events.emit(transaction, keyEvents(found, await rows.findAll(), by));
      return done;
    });
  }

  private async replace(
    rows: KeyRows,
    keys: readonly StoredKey[],
    timeOf: (retired: StoredKey) => number,
  ): Promise<KeyChange> {
    const signing = keys.find(({ state }) => state === 'signing');
    const next = keys.find(({ state }) => state === 'next');
    this.checkKeysSound(keys);
    const kid = next?.kid ?? (await this.make(rows, this.usualAlgorithm(keys))).kid;
    if (signing) await rows.retire(signing.kid, timeOf(signing));
    await rows.activate(kid);
    await rows.deleteEnded(REMEMBERED);
    return changeOf(await rows.findAll(), signing?.kid, isUnannounced(next, await rows.now()));
  }

  /**
   * Nothing is retired, and so deleted, by whoever could not go on signing with it: a wrong `KEY_ENCRYPTION_KEY` in one
   * shell would seal a key that no server opens and destroy the one that all sign with.
   */
  private checkKeysSound(keys: readonly StoredKey[]): void {
    const { problem, damaged } = readRing(
      keys.filter(({ sealed }) => sealed !== null),
      this.sealer,
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

  private async make(rows: KeyRows, algorithm: RingAlgorithm): Promise<KeyDescription> {
    const privateKey = await generatePrivateKey(algorithm);
    const key = this.sealer.seal(privateKey, algorithm);
    await rows.insert({ ...key, longestLifetime: longestLifetime(this.settings) });
    const made = (await rows.findAll()).find(({ kid }) => kid === key.kid);
    if (!made) throw new Error(`the key ${key.kid} was not stored`);
    return describe(made);
  }

  private usualAlgorithm(keys: readonly StoredKey[]): RingAlgorithm {
    const signing = keys.find(({ state }) => state === 'signing');
    const { algorithm } = this.settings;
    return signing?.algorithm ?? (isRingAlgorithm(algorithm) ? algorithm : 'ES256');
  }
}

/** By the longest lifetime of whoever signed with the key, and of whoever retires it; seconds. */
function verifyingTime(key: StoredKey, settings: AuthSettings): number {
  return secondsToVerify(Math.max(key.longestLifetime, longestLifetime(settings)));
}
