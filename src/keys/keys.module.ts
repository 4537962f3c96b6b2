import { Module } from '@nestjs/common';
import { KeysService } from './keys.service.js';

/** Provides the keys that sign and verify tokens. */
@Module({ providers: [KeysService], exports: [KeysService] })
export class KeysModule {}
