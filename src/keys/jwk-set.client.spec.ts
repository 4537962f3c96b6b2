import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { FakeClock } from '../../test/support/fake-clock.js';
import { JwkSetClient } from './jwk-set.client.js';

const MINUTE = 60;
const UNAVAILABLE = { code: 'unavailable', reason: 'jwk_set_unavailable' };

const jwkOf = (kid: string): object => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
});
const ONE = jwkOf('one');
const TWO = jwkOf('two');

describe('the JWK Set of another issuer', () => {
  let issuer: Server;
  let listed: readonly object[] | 'away';
  let fetches: number;
  let clock: FakeClock;
  let set: JwkSetClient;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    issuer = createServer((_request, response) => {
      fetches += 1;
      response.statusCode = listed === 'away' ? 503 : 200;
      response.end(JSON.stringify({ keys: listed }));
    });
    await once(issuer.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    issuer.closeAllConnections();
    issuer.close();
    await once(issuer, 'close');
  });
  beforeEach(() => {
    listed = [ONE];
    fetches = 0;
    clock = new FakeClock();
    const { port } = issuer.address() as AddressInfo;
    set = new JwkSetClient(`http://127.0.0.1:${port}/`, 'ES256', clock);
  });

  it('is fetched once in five minutes', async () => {
    for (let minute = 0; minute < 5; minute++) {
      expect(await set.findKey('one')).not.toBeNull();
      clock.advance(MINUTE);
    }
    expect(fetches).toBe(1);
    listed = [TWO];
    expect(await set.findKey('one')).toBeNull();
    expect(fetches).toBe(2);
  });

  it('outlives its issuer for an hour, after which nobody can say whether a key is still good', async () => {
    const key = await set.findKey('one');
    listed = 'away';
    clock.advance(59 * MINUTE + 59);
    expect(await set.findKey('one')).toBe(key);
    clock.advance(1);
    // Also where it was tried a moment ago.
    for (const seconds of [0, 0, 10]) {
      clock.advance(seconds);
      await expect(set.findKey('one')).rejects.toMatchObject(UNAVAILABLE);
    }
    listed = [ONE];
    clock.advance(10);
    expect(await set.findKey('one')).not.toBeNull();
    expect(fetches).toBe(4);
  });

  it('says of an unknown id that it is unknown only when the set could be read', async () => {
    expect(await set.findKey('two')).toBeNull();
    listed = 'away';
    clock.advance(10);
    for (const seconds of [0, 0, 5]) {
      clock.advance(seconds);
      await expect(set.findKey('two')).rejects.toMatchObject(UNAVAILABLE);
    }
    expect(await set.findKey('one')).not.toBeNull();
    listed = [ONE, TWO];
    clock.advance(5);
    expect(await set.findKey('two')).not.toBeNull();
    expect(fetches).toBe(3);
  });

  it('is fetched every ten seconds at most, however many ids are invented', async () => {
    for (listed of [[ONE], 'away'] as const) {
      const before = fetches;
      const asked = Array.from({ length: 50 }, (_, index) => set.findKey(`invented-${index}`));
      await Promise.allSettled(asked);
      await Promise.allSettled(asked.map((_, index) => set.findKey(`more-${index}`)));
      expect(fetches - before).toBe(1);
      clock.advance(10);
    }
  });
});
