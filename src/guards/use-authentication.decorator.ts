import { SetMetadata, UseGuards, applyDecorators } from '@nestjs/common';
import type { AuthenticationClass } from '../config/settings.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { AUTHENTICATION } from './route-rules.js';

/**
 * Guards a handler, or all handlers of a class, with a chain of authentication classes of its own in the place of
 * `AUTHENTICATION_CLASSES`. The first class names the challenge (contract §11). The decorator brings
 * `AuthenticationGuard` with it. A name of no class stops the start.
 *
 * @publicApi
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
  return applyDecorators(SetMetadata(AUTHENTICATION, classes), UseGuards(AuthenticationGuard));
}
