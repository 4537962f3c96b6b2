import { ipv6Network, parseAddress } from '../common/address.js';
import { trimText } from '../http/char-field.js';
import type { RequestContext } from '../common/request-context.js';
import type { AuthSettings } from '../config/auth-settings.js';
import type { RateLimit } from '../config/setting-type.js';
import { clientOf, partsOf } from './client.js';
import { rateLimitKey, type RateLimitKey } from './rate-limit-key.js';

/** Whose password an attempt is about. */
export interface TriedAccount {
  /** The primary key of the user whom the store has found; null where it has found none. */
  readonly id: string | null;
  /** The name as it was typed. */
  readonly username: string;
}

/** By what an attempt to log in is limited; null is what does not limit it. */
export interface LoginLimits {
  /** The account, for strangers. */
  readonly account: RateLimitKey | null;
  /** The account, for this one client. */
  readonly client: RateLimitKey | null;
  /** The account, for all known clients in this network: others who share it with the owner get no limit for each client. */
  readonly network: RateLimitKey | null;
  readonly addresses: readonly RateLimitKey[];
}

type LimitSettings = Pick<AuthSettings, 'loginLimit' | 'loginLimitAddress' | 'signingKey'>;

const NONE: LoginLimits = { account: null, client: null, network: null, addresses: [] };

/** Bits of an IPv6 prefix, and how many times the limit holds for it: providers give customers a /64, a /56 or a /48. */
const IPV6_PREFIXES: readonly [bits: 64 | 56 | 48, times: number][] = [
  [64, 1],
  [56, 4],
  [48, 16],
];

/**
 * The account is counted by the key of the user who was found, so that no other spelling of the name, which the store
 * takes for the same, has a counter of its own. Only where no user is found the name counts, as log-in reads it: trimmed.
 */
export function loginLimits(
  { loginLimit: limit, loginLimitAddress, signingKey }: LimitSettings,
  { id, username }: TriedAccount,
  context: RequestContext,
): LoginLimits {
  const addresses =
    loginLimitAddress === null ? [] : addressLimits(signingKey, loginLimitAddress, context.ip);
  if (limit === null) return { ...NONE, addresses };
  const parts = id === null ? ['name', trimText(username)] : ['user', id];
  const account = rateLimitKey(signingKey, limit, 'account', ...parts);
  const client = clientOf(context);
  if (client === null) return { ...NONE, account, addresses };
  return {
    account,
    client: rateLimitKey(signingKey, limit, 'client', ...parts, ...partsOf(client)),
    network: rateLimitKey(signingKey, limit, 'network', ...parts, client.network),
    addresses,
  };
}

/** By what a change of password is limited: guesses elsewhere must not stand in the way of it. */
export function passwordChangeLimits(
  { loginLimit, signingKey }: LimitSettings,
  user: string,
  session: string | null,
): LoginLimits {
  if (loginLimit === null) return NONE;
  return { ...NONE, account: rateLimitKey(signingKey, loginLimit, 'change', user, session ?? '') };
}

function addressLimits(secret: string, limit: RateLimit, ip: string | null): RateLimitKey[] {
  const address = ip === null ? null : parseAddress(ip);
  if (address === null) return [];
  if (address.family === 'ipv4') {
    return [rateLimitKey(secret, limit, 'address', address.parts.join('.'))];
  }
  return IPV6_PREFIXES.map(([bits, times]) => {
    const attempts = limit.attempts * times;
    return rateLimitKey(secret, { ...limit, attempts }, 'address', ipv6Network(address, bits));
  });
}
