import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { FeedModule } from '../feed/feed.module.js';
import { KeyRing } from './key-ring.js';
import { KeyRotationService } from './key-rotation.service.js';
import { KeysService } from './keys.service.js';
import { RotateKeysTask } from './rotate-keys.task.js';

/**
 * Provides the keys that sign and verify tokens, and their rotation.
 *
 * @publicApi
 */
@Module({
  imports: [EventsModule, FeedModule],
  providers: [KeyRing, KeyRotationService, KeysService, RotateKeysTask],
  exports: [KeyRotationService, KeysService, RotateKeysTask],
})
export class KeysModule {}
