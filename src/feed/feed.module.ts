import { Module } from '@nestjs/common';
import { ChangeFeed } from './change-feed.js';

/** Provides the change feed, on which other features build a `VouchedCache` of what they read. */
@Module({ providers: [ChangeFeed], exports: [ChangeFeed] })
export class FeedModule {}
