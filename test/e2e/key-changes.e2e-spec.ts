import { query, truncateTables } from '../support/databases.js';
import { openKeys, type TestKeys } from '../support/key-ring.js';
import { workerDatabase } from '../support/server.js';

jest.setTimeout(60_000);

const OTHER_SECRET = 'another-secret-0123456789-abcdefghijklmnopqrstuvw';

let database: string;
let ring: TestKeys;
let other: TestKeys;

const rows = (): Promise<unknown[]> =>
  query(database, 'SELECT * FROM auth_signing_key ORDER BY created_at');
const age = (column: string, by: string): Promise<unknown> =>
  query(database, `UPDATE auth_signing_key SET ${column} = ${column} - $1::interval`, [by]);

beforeAll(async () => {
  database = await workerDatabase();
  ring = await openKeys(database);
  other = await openKeys(database, { keyEncryptionKey: OTHER_SECRET });
});
beforeEach(() => truncateTables(database));
afterAll(async () => {
  await ring.close();
  await other.close();
});

describe('with another KEY_ENCRYPTION_KEY', () => {
  it.each(['none is', 'one is'])(
    'nothing replaces the key that signs, while %s next',
    async (is) => {
      const kid = await ring.rotate();
      if (is === 'one is') await ring.keys.generate();
      await age('activated_at', '90 days');
      await age('created_at', '90 days');
      const before = await rows();
      for (const change of [
        () => other.keys.rotate(),
        () => other.keys.followSchedule(86_400),
        () => other.keys.retire(kid),
        () => other.keys.retire(kid, { now: true }),
      ]) {
        await expect(change()).rejects.toThrow('KEY_ENCRYPTION_KEY does not open');
      }
      expect(await rows()).toEqual(before);
      const { retired } = await ring.keys.rotate();
      expect(retired).toMatchObject({ kid, state: 'retired' });
    },
  );

  it('the key that signs is retired without a successor, and a new one begins', async () => {
    const kid = await ring.rotate();
    expect((await other.keys.retire(kid, { successor: false })).signing).toBeNull();
    expect((await other.keys.rotate()).signing).not.toBeNull();
  });
});

describe('a key whose public part is damaged', () => {
  it.each(['next', 'signing'])('stops a rotation while it is the %s one', async (state) => {
    await ring.rotate();
    await ring.keys.generate();
    const { kid } = (await ring.keys.list()).find((key) => key.state === state)!;
    await query(
      database,
      `UPDATE auth_signing_key SET public_jwk = public_jwk || '{"x": "AA"}' WHERE kid = $1`,
      [kid],
    );
    const before = await rows();
    const remedy = `keys retire ${kid} --no-successor`;
    await expect(ring.keys.rotate()).rejects.toThrow(remedy);
    expect(await rows()).toEqual(before);
    await ring.keys.retire(kid, { successor: false });
    expect((await ring.keys.rotate()).signing).not.toBeNull();
  });
});

describe('a key that begins to sign', () => {
  it('is unannounced until caches of the JWK Set have had the time to learn of it', async () => {
    expect((await ring.keys.rotate()).isUnannounced).toBe(true);
    await ring.keys.generate();
    expect((await ring.keys.rotate()).isUnannounced).toBe(true);
    await ring.keys.generate();
    await age('created_at', '9 minutes 50 seconds');
    expect((await ring.keys.rotate()).isUnannounced).toBe(true);
    const { kid } = await ring.keys.generate();
    await age('created_at', '10 minutes');
    const { signing, isUnannounced } = await ring.keys.rotate();
    expect({ kid: signing?.kid, isUnannounced }).toEqual({ kid, isUnannounced: false });
  });
});
