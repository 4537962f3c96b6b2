import passport from 'passport';
import type { Authentication } from './authentication.js';
import type { CredentialSource } from '../transports/credential-source.js';

/** The methods that passport gives a strategy for the time of a request. */
type PassportActions = Pick<passport.StrategyCreatedStatic, 'success' | 'fail' | 'error'>;

/**
 * Lets an authentication class answer for a passport strategy: credentials that are not there let the next strategy
 * try, wrong ones end the request, as in DRF (contract §11).
 */
export function runAuthentication(
  actions: PassportActions,
  authentication: Authentication,
  request: CredentialSource,
): void {
  authentication.authenticate(request).then(
    (found) => {
      if (found) actions.success(found.user, { claims: found.claims });
      else actions.fail(authentication.challenge ?? undefined);
    },
    (error: unknown) => actions.error(error),
  );
}

/** The passport strategy of an authentication class that has no strategy of its own. */
export class AuthenticationStrategy extends passport.Strategy {
  constructor(
    override readonly name: string,
    private readonly authentication: Authentication,
  ) {
    super();
  }

  override authenticate(request: CredentialSource): void {
    runAuthentication(this, this.authentication, request);
  }
}
