import { Injectable, Logger, type PipeTransform } from '@nestjs/common';
import { parseAddress, parseRange, rangeTest, type Address } from '../common/address.js';
import { clientAddress, isProxyAddress, type ClientRequest } from './client-address.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';

/**
 * Reads address and user agent of the caller from the platform's request, for `@FromClient()` and the strategies.
 *
 * @publicApi
 */
@Injectable()
export class RequestContextPipe implements PipeTransform<ClientRequest, RequestContext> {
  private readonly logger = new Logger('RequestContextPipe');
  private readonly isTrusted: (address: Address) => boolean;
  private hasWarned = false;

  constructor({ trustedProxies }: AuthSettings) {
    // The settings have been checked, so every text is a range.
    this.isTrusted = rangeTest(trustedProxies.flatMap((text) => parseRange(text) ?? []));
  }

  transform(request: ClientRequest): RequestContext {
    const userAgent = request.headers['user-agent'];
    const ip = clientAddress(request, this.isTrusted);
    const isProxy = isProxyAddress(ip, request, this.isTrusted);
    if (isProxy && ip !== null) this.warnOf(ip);
    return {
      ip,
      userAgent: typeof userAgent === 'string' ? userAgent : null,
      ...(isProxy && { isProxyAddress: true }),
    };
  }

  /** Without the warning, the first sign would be that one stranger's wrong guesses refuse every user's log-in. */
  private warnOf(proxy: string): void {
    const address = parseAddress(proxy);
    if (this.hasWarned || address === null || this.isTrusted(address)) return;
    this.hasWarned = true;
    this.logger.warn(
      `Forwarding headers come from ${proxy}, which TRUSTED_PROXIES (trustedProxies) does not name: all clients behind it count as one, and share the limits of one address. If this is your proxy: TRUSTED_PROXIES=${proxy}`,
    );
  }
}
