import { withoutVersions } from '../../common/user-agent.js';

/** Letters of a user agent that a session row keeps. */
export const USER_AGENT_LENGTH = 128;

/** The `User-Agent` header as a session row keeps it. */
export function storedUserAgent(userAgent: string | null): string | null {
  return userAgent === null ? null : userAgent.slice(0, USER_AGENT_LENGTH);
}

/**
 * Whether a request comes from the program that the row names (design §3): versions do not count, so that a browser
 * that updates itself overnight is no new client. A client that never sends the header is recognised by that: two
 * absent ones are equal, an empty one is none of them.
 *
 * @param stored - cut by {@link storedUserAgent}
 * @param presented - not cut: a longer version pushes more of the text over the edge
 */
export function sameUserAgent(stored: string | null, presented: string | null): boolean {
  if (stored === null || presented === null) return stored === presented;
  const [kept, whole] = [withoutVersions(stored), withoutVersions(presented)];
  return stored.length < USER_AGENT_LENGTH ? whole === kept : whole.startsWith(kept);
}
