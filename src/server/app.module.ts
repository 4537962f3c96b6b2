import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountModule } from '../account/account.module.js';
import { AdminModule } from '../admin/admin.module.js';
import { AuthErrorFilter } from '../http/auth-error.filter.js';
import { AuthModule } from '../auth/auth.module.js';
import type { Config } from '../config/environment.js';
import { dataSourceOptions } from './data-source.js';
import { DemoUser } from './demo-user.js';
import { UsersFixture } from './users-fixture.js';
import { HealthModule } from '../health/health.module.js';
import { JwksModule } from '../jwks/jwks.module.js';
import { OAuthModule } from '../oauth/oauth.module.js';

/** The server: all modules of this package on one database. */
@Module({})
export class AppModule {
  /** @param databaseUrl - the configured address, or the address of the embedded server */
  static forRoot(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(databaseUrl, config.databasePoolSize),
          retryAttempts: 0,
        }),
        AuthModule.forRoot({
          ...config.settings,
          paths: {
            obtainPair: config.tokenObtainPairPaths,
            refresh: config.tokenRefreshPaths,
            verify: config.tokenVerifyPaths,
            blacklist: config.tokenBlacklistPaths,
            obtainSliding: config.tokenObtainSlidingPaths,
            refreshSliding: config.tokenRefreshSlidingPaths,
          },
        }),
        AccountModule,
        AdminModule,
        HealthModule,
        JwksModule,
        OAuthModule,
      ],
      providers: [DemoUser, UsersFixture, { provide: APP_FILTER, useExisting: AuthErrorFilter }],
    };
  }
}
