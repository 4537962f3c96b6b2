import type { RequestContext } from '../common/request-context.js';
import { withoutVersions } from '../common/user-agent.js';
import { networkOf } from '../ledger/domain/network.js';

/** Characters of a user agent that count. */
const USER_AGENT_LENGTH = 512;

/** A client as far as it can be recognised (design §2): its network (IPv4 /24, IPv6 /64) and its program. */
export interface Client {
  readonly network: string;
  /** The user agent without versions; null where none was sent. */
  readonly program: string | null;
}

/** Null where the network is unknown, also behind a proxy that is not trusted: then nothing tells the client from any other. */
export function clientOf({ ip, isProxyAddress, userAgent }: RequestContext): Client | null {
  const network = networkOf(ip);
  if (network === null || isProxyAddress === true) return null;
  const program = userAgent && withoutVersions(userAgent).slice(0, USER_AGENT_LENGTH);
  return { network, program };
}

/** The texts of a client for a digest; an absent user agent is no empty one. */
export function partsOf({ network, program }: Client): string[] {
  return program === null ? [network] : [network, program];
}
