import { DataSource } from 'typeorm';
import { fromOptions, resolveSettings } from '../../src/config/resolve-settings.js';
import type { SettingsInput } from '../../src/config/settings.js';
import { SecurityEvents } from '../../src/events/security-events.js';
import { dataSourceOptions } from '../../src/server/data-source.js';
import { KeyRotationService } from '../../src/keys/key-rotation.service.js';
import { SIGNING_KEY } from './tokens.js';

/** Seals the rings of the tests. */
export const KEY_ENCRYPTION_KEY = 'sRp1Oaj2uHKIV0lPgHdyTInlPzYyI4NXqUZ8iS0m2vA';

/** What the commands use, on a database of the tests, without the price of a process for each command. */
export interface TestKeys {
  readonly keys: KeyRotationService;
  /** Rotates, and gives the id of the key that signs now. */
  readonly rotate: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Opens the ring of a database as an operator's command with these settings would. */
export async function openKeys(database: string, options: SettingsInput = {}): Promise<TestKeys> {
  const source = await new DataSource(dataSourceOptions(database, 2)).initialize();
  const settings = resolveSettings(
    fromOptions({ signingKey: SIGNING_KEY, keyEncryptionKey: KEY_ENCRYPTION_KEY, ...options }),
  );
  const keys = new KeyRotationService(source, settings, new SecurityEvents());
  return {
    keys,
    rotate: async () => (await keys.rotate()).signing!.kid,
    close: () => source.destroy(),
  };
}

/** The header of a token, unverified. */
export function headerOf(token: string): { readonly alg: string; readonly kid?: string } {
  const [head = ''] = token.split('.');
  return JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string; kid?: string };
}
