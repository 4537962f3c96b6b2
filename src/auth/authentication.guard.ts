import { Injectable, Optional, type ExecutionContext } from '@nestjs/common';
import { AuthenticationChain, type AuthenticationChoice } from './authentication-chain.js';
import { ChainGuard } from './chain.guard.js';
import type { GuardedRequest } from './guarded-request.js';
import { required } from './required.js';
import { routeRules, type RouteRules } from './route-rules.js';

/** Who has passed a chain of the handler's own: where a guard is global too, it would check a password twice. */
const passed = new WeakMap<GuardedRequest, RouteRules>();

/**
 * Opens a handler for those whom the chain of `AUTHENTICATION_CLASSES` knows, or that of `@UseAuthentication()`; the
 * first class names the challenge (contract §11). As a global guard it leaves out what is `@Public()`.
 *
 * @publicApi
 */
@Injectable()
export class AuthenticationGuard extends ChainGuard {
  private readonly chain: AuthenticationChain;

  constructor(@Optional() chain?: AuthenticationChain) {
    super();
    this.chain = required(chain, new.target.name);
  }

  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rules = routeRules(context);
    if (rules.classes === null || context.getType() !== 'http') return super.canActivate(context);
    return this.canActivateOnce(rules, context);
  }

  protected override choose({ classes }: RouteRules): AuthenticationChoice {
    return classes === null ? this.chain.standard : this.chain.choose(classes);
  }

  private async canActivateOnce(rules: RouteRules, context: ExecutionContext): Promise<boolean> {
    const request = this.getRequest(context);
    if (passed.get(request) === rules) return true;
    const isOpen = await super.canActivate(context);
    if (isOpen) passed.set(request, rules);
    return isOpen;
  }
}
