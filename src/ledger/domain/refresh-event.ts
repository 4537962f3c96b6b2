import type { SecurityEvent } from '../../events/domain/security-event.js';
import type { Evidence, RefreshVerdict } from './verdict.js';

/** A refresh token that was judged, and from where it came. */
export interface JudgedRefresh {
  /** The session, 32 hex digits. */
  readonly sid: string;
  readonly userId: string | null;
  readonly generation: number;
  /** The generation of the session's current token. */
  readonly current: number;
  readonly address: string | null;
  /** Whether the network is known from which the token came, or that of the session's last use. */
  readonly isPlaceKnown: boolean;
}

/**
 * The event of a refresh that may be a theft (design §3), or null for an ordinary one. Who hides the network beside a known
 * one is told of. Where both are unknown nothing is: behind a proxy that nobody has named every duplicate would be an event.
 */
export function refreshEventOf(
  verdict: RefreshVerdict,
  refresh: JudgedRefresh,
): SecurityEvent | null {
  switch (verdict.verdict) {
    case 'recovered':
    case 'stale':
      return mayBeElsewhere(verdict.evidence, refresh)
        ? {
            event: `refresh_token_${verdict.verdict}`,
            ...membersOf(refresh),
            ...evidenceMembers(verdict.evidence),
          }
        : null;
    case 'reused':
      return {
        event: 'refresh_token_reused',
        ...membersOf(refresh),
        ...evidenceMembers(verdict.evidence),
      };
    case 'invalid':
      return { event: 'refresh_token_ahead', ...membersOf(refresh) };
    case 'rotated':
    case 'replayed':
    case 'session_ended':
      return null;
  }
}

function mayBeElsewhere({ network }: Evidence, { isPlaceKnown }: JudgedRefresh): boolean {
  return network === 'other' || (network === 'unknown' && isPlaceKnown);
}

/** A token does not prove who holds it, so the actor is the session. */
function membersOf({ sid, userId, generation, current, address }: JudgedRefresh) {
  const session = `session:${sid}` as const;
  return { actor: session, address, target: session, user: userId, generation, current };
}

function evidenceMembers({ position, distance, isFresh, isSameUserAgent, network }: Evidence) {
  return { class: position, distance, fresh: isFresh, sameUserAgent: isSameUserAgent, network };
}
