import type { EntityManager } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { KeyRows } from './key-rows.js';
import { KeySealer, checkKeysOpen } from './key-sealer.js';

/**
 * Looks whether a server with these settings can use the ring, before it is built: an error from inside of Nest would be
 * logged with a stack.
 *
 * @throws ConfigError when the ring holds a private key that `KEY_ENCRYPTION_KEY` does not open
 */
export async function checkKeyRing(
  database: Pick<EntityManager, 'query'>,
  settings: Pick<Settings, 'keyEncryptionKey'>,
): Promise<void> {
  checkKeysOpen(await new KeyRows(database).findLive(), new KeySealer(settings));
}
