import { Module } from '@nestjs/common';
import { SecurityEvents } from './security-events.js';

/** Provides the one place where security events are emitted. */
@Module({ providers: [SecurityEvents], exports: [SecurityEvents] })
export class EventsModule {}
