import { createHmac } from 'node:crypto';
import { ipv6Network, parseAddress } from '../common/address.js';
import { trimText } from '../common/char-field.js';

/** Characters of the digest that a key keeps: 192 bits. */
const DIGEST_LENGTH = 32;

/**
 * The counter of one account, address or session. It shows the name only to those who have the secret: people type
 * passwords into the field for the name, and a dump must not hold them (security.md, promise 10).
 */
export function counterKey(
  secret: string,
  kind: 'account' | 'address' | 'session',
  name: string,
): string {
  const digest = createHmac('sha256', secret).update(`${kind}\0${name}`).digest('base64url');
  return `${kind}:${digest.slice(0, DIGEST_LENGTH)}`;
}

/** The name by which an account is counted: as log-in reads it, white space around it trimmed (contract §4). */
export function accountName(username: string): string {
  return trimText(username);
}

/** What is counted as one address: IPv6 by /64, since one machine has all of it; null for what is no address. */
export function addressName(ip: string | null): string | null {
  const address = ip === null ? null : parseAddress(ip);
  if (address === null) return null;
  return address.family === 'ipv6' ? ipv6Network(address) : address.parts.join('.');
}
