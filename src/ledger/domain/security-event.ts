import type { Evidence, RefreshVerdict } from './verdict.js';

/** What an operator is told of a refresh that may be a theft (design §3). */
export interface SecurityEvent {
  readonly event:
    | 'refresh_token_recovered'
    | 'refresh_token_stale'
    | 'refresh_token_reused'
    | 'refresh_token_ahead';
  /** Whether it is a reason to warn the user: an honest client hardly does this. */
  readonly isWarning: boolean;
  /** Null where the token was ahead of its session. */
  readonly evidence: Evidence | null;
}

/**
 * The event of a verdict, or null for an ordinary one. A network that is not known is no other network: behind a proxy
 * that nobody has named every duplicate would be an event.
 */
export function securityEventOf(verdict: RefreshVerdict): SecurityEvent | null {
  switch (verdict.verdict) {
    case 'recovered':
      return elsewhere('refresh_token_recovered', verdict.evidence);
    case 'stale':
      return elsewhere('refresh_token_stale', verdict.evidence);
    case 'reused':
      return { event: 'refresh_token_reused', isWarning: true, evidence: verdict.evidence };
    case 'invalid':
      return { event: 'refresh_token_ahead', isWarning: false, evidence: null };
    case 'rotated':
    case 'replayed':
    case 'session_ended':
      return null;
  }
}

function elsewhere(event: SecurityEvent['event'], evidence: Evidence): SecurityEvent | null {
  if (evidence.network !== 'other') return null;
  return { event, isWarning: !evidence.isSameUserAgent, evidence };
}
