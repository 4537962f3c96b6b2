import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { AuthError } from '../common/errors.js';
import { TokenObtainPairDto } from './dto/token-obtain-pair.dto.js';
import { readFields } from './fields.pipe.js';

/**
 * Lets a log-in pass with the right user name and password, and puts the user into `request.user`. It checks the
 * fields itself, since guards run before pipes: an empty body is 400, not 401 (contract §2).
 *
 * @publicApi
 */
@Injectable()
export class LocalAuthGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<{ body: unknown }>();
    request.body = await readFields(request.body, TokenObtainPairDto);
    return (await super.canActivate(context)) === true;
  }

  override handleRequest<TUser>(error: unknown, user: TUser | false | null): TUser {
    if (error) throw error;
    if (!user) throw new AuthError('no_active_account');
    return user;
  }
}
