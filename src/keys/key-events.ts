import { securityEvent, type Cause, type SecurityEvent } from '../events/security-event.js';
import type { StoredKey } from './key-repository.js';

type KeyEvent = Extract<SecurityEvent, { target: `key:${string}` }>['event'];

/** Logs an event for every key of the ring that a change has made, put in use or taken out of use. */
export function tellKeyChanges(
  before: readonly StoredKey[],
  after: readonly StoredKey[],
  by: Cause,
): void {
  for (const { kid, algorithm, state } of after) {
    const old = before.find((key) => key.kid === kid);
    const tell = (event: KeyEvent): void =>
      securityEvent({ event, ...by, target: `key:${kid}`, algorithm });
    if (old === undefined) tell('key_generated');
    if (state === old?.state) continue;
    if (state === 'signing') tell('key_signs');
    if (state === 'retired' || state === 'ended') tell('key_retired');
  }
}
