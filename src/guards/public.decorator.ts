import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/** Key of the metadata of `@Public()`. */
export const PUBLIC = 'nest-simplejwt:public';

/**
 * Opens a handler, or all handlers of a class, to everybody where a guard of this package is global. It has no user,
 * whatever the request shows, unless `@UseGuards(OptionalJwtAuthGuard)` stands beside it. On a handler it overrides the
 * class: `@Public(false)` closes one of a public class, and so does a guard of this package that the handler names, or
 * `@UseAuthentication()`.
 *
 * @publicApi
 * @example
 * providers: [{ provide: APP_GUARD, useClass: JwtAuthGuard }]
 *
 * @Public()
 * @Get('prices')
 * prices() {}
 *
 * @Public()
 * @UseGuards(OptionalJwtAuthGuard)
 * @Get('offers')
 * offers(@CurrentUser() user?: AuthenticatedUser) {}
 */
export function Public(isPublic = true): CustomDecorator {
  return SetMetadata(PUBLIC, isPublic);
}
