import type { Cause, SecurityEvent } from '../events/domain/security-event.js';
import type { StoredKey } from './key-repository.js';

type KeyEvent = Extract<SecurityEvent, { target: `key:${string}` }>['event'];

/** The events of all keys of the ring that a change has made, put in use or taken out of use. */
export function keyEvents(
  before: readonly StoredKey[],
  after: readonly StoredKey[],
  by: Cause,
): SecurityEvent[] {
  return after.flatMap(({ kid, algorithm, state }) => {
    const old = before.find((key) => key.kid === kid);
    const events: KeyEvent[] = old === undefined ? ['key_generated'] : [];
    if (state !== old?.state) {
      if (state === 'signing') events.push('key_signs');
      if (state === 'retired' || state === 'ended') events.push('key_retired');
    }
    return events.map((event) => ({ event, ...by, target: `key:${kid}` as const, algorithm }));
  });
}
