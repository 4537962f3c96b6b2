import { Module } from '@nestjs/common';
import { ChangeFeed } from './change-feed.js';

/** Provides the change feed; whoever keeps facts makes a `VouchedCache` on it. */
@Module({ providers: [ChangeFeed], exports: [ChangeFeed] })
export class FeedModule {}
