import { SetMetadata, UseGuards, applyDecorators } from '@nestjs/common';
import { ConfigError } from '../config/config-error.js';
import { AUTHENTICATION_CLASSES, type AuthenticationClass } from '../config/package-settings.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { AUTHENTICATION } from './route-rules.js';

/**
 * Guards a handler, or all handlers of a class, with a chain of authentication classes of its own in the place of
 * `AUTHENTICATION_CLASSES`. The first class names the challenge (contract §11). It brings `AuthenticationGuard` with it.
 *
 * @publicApi
 * @throws ConfigError for a name that is none of theirs
 * @example
 * @UseAuthentication('BasicAuthentication', 'JWTAuthentication')
 * @Get('report')
 * report(@CurrentUser() user: AuthenticatedUser) {}
 */
export function UseAuthentication(
  first: AuthenticationClass,
  ...others: AuthenticationClass[]
): MethodDecorator & ClassDecorator {
  const classes = [first, ...others];
  const unknown = classes.find((name) => !AUTHENTICATION_CLASSES.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError([
      `@UseAuthentication: there is no class ${JSON.stringify(unknown)}. Use ${AUTHENTICATION_CLASSES.join(', ')}.`,
    ]);
  }
  return applyDecorators(SetMetadata(AUTHENTICATION, classes), UseGuards(AuthenticationGuard));
}
