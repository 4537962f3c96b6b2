import { Module } from '@nestjs/common';
import { AuthenticationModule } from '../auth/authentication.module.js';
import { IntrospectionService } from './introspection.service.js';
import { OAuthClientGuard } from './oauth-client.guard.js';
import { OAuthClients } from './oauth-clients.service.js';
import { OAuthController } from './oauth.controller.js';
import { RevocationService } from './revocation.service.js';

/**
 * `POST /oauth/revoke` and `POST /oauth/introspect` for other services. Import this module beside `AuthModule.forRoot()`,
 * whose option `oauthClients` names the services.
 *
 * @publicApi
 */
@Module({
  imports: [AuthenticationModule],
  controllers: [OAuthController],
  providers: [IntrospectionService, OAuthClientGuard, OAuthClients, RevocationService],
})
export class OAuthModule {}
