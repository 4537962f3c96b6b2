import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RepeatedTask } from '../common/repeated-task.js';
import { AuthSettings } from '../config/auth-settings.js';
import { tryWithAdvisoryLock } from '../database/advisory-lock.js';
import { KeyRotationService } from './key-rotation.service.js';

/**
 * Rotates the signing key of the ring with `KEY_ROTATION_INTERVAL`, on one node only.
 *
 * @publicApi
 */
@Injectable()
export class RotateKeysTask extends RepeatedTask {
  protected override readonly title = 'the rotation of keys';
  protected override readonly every = 60_000;
  protected override readonly offset = 41_000;
  private hasAsked = false;

  constructor(
    private readonly database: DataSource,
    private readonly settings: AuthSettings,
    private readonly keys: KeyRotationService,
  ) {
    super();
  }

  protected override async work(): Promise<void> {
    const { keyRotationInterval } = this.settings;
    if (keyRotationInterval === null) return;
    const work = await tryWithAdvisoryLock(this.database, 'rotateKeys', () =>
      this.keys.followSchedule(keyRotationInterval),
    );
    if (work === 'generate') this.logger.log('published the next signing key');
    if (work === 'rotate') this.logger.log('the next signing key signs now');
    if (work === 'begin') this.askToBegin();
  }

  /** Logged once: it stays true until an operator makes the first key. */
  private askToBegin(): void {
    if (!this.hasAsked) {
      this.logger.warn(
        'the key ring is empty, and the schedule begins none. When every server runs a version that knows the ring: nest-simplejwt keys generate',
      );
    }
    this.hasAsked = true;
  }
}
