import { Injectable, type PipeTransform } from '@nestjs/common';
import { parseRange, rangeTest, type Address } from '../common/address.js';
import { clientAddress, isProxyAddress, type ClientRequest } from '../common/client-address.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';

/**
 * Tells who is calling from the platform's request: `@FromClient()` uses it, and so do the strategies.
 *
 * @publicApi
 */
@Injectable()
export class RequestContextPipe implements PipeTransform<ClientRequest, RequestContext> {
  private readonly isTrusted: (address: Address) => boolean;

  constructor({ trustedProxies }: AuthSettings) {
    // The settings have been checked, so every text is a range.
    this.isTrusted = rangeTest(trustedProxies.flatMap((text) => parseRange(text) ?? []));
  }

  transform(request: ClientRequest): RequestContext {
    const userAgent = request.headers['user-agent'];
    const ip = clientAddress(request, this.isTrusted);
    return {
      ip,
      userAgent: typeof userAgent === 'string' ? userAgent : null,
      ...(isProxyAddress(ip, request, this.isTrusted) && { isProxyAddress: true }),
    };
  }
}
