import { createPrivateKey } from 'node:crypto';
import type { KeyDescription } from '../../src/keys/key-rotation.service.js';
import { runCommand, type CommandOutcome } from '../support/command.js';
import { createDatabase, query } from '../support/databases.js';
import { KEY_ENCRYPTION_KEY } from '../support/key-ring.js';
import { runToEnd } from '../support/process.js';
import { SIGNING_KEY } from '../support/tokens.js';

jest.setTimeout(120_000);

const OTHER_SECRET = 'another-secret-0123456789-abcdefghijklmnopqrstuvw';

let database: string;

const env = (changes: Record<string, string> = {}): Record<string, string> => ({
  DATABASE_URL: database,
  SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
  KEY_ENCRYPTION_KEY,
  ...changes,
});

const keys = (args: string[], changes?: Record<string, string>): Promise<CommandOutcome> =>
  runCommand(['keys', ...args], env(changes));

/** What a command tells of on its error output. */
function eventsOf({ stderr }: CommandOutcome): unknown[] {
  const lines = stderr.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { message: unknown }).message);
}

const event = (name: string, kid: string): object => ({
  event: name,
  actor: 'command',
  address: null,
  target: `key:${kid}`,
  algorithm: 'EdDSA',
});

async function list(): Promise<KeyDescription[]> {
  return JSON.parse((await keys(['list', '--json'])).stdout) as KeyDescription[];
}

/** A command that must fail with this in its explanation, and no stack. */
async function expectFailure(outcome: Promise<CommandOutcome>, words: string): Promise<void> {
  const { code, stdout, stderr } = await outcome;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain(OTHER_SECRET);
}

beforeAll(async () => {
  database = await createDatabase('key_commands', null);
});

describe('nest-simplejwt keys', () => {
  it('makes, rotates, lists and retires keys', async () => {
    expect((await keys(['list'])).stdout).toBe(
      'The ring holds no keys: SIMPLE_JWT_SIGNING_KEY signs.\n',
    );
    const made = await keys(['generate', '--algorithm', 'EdDSA']);
    expect(made.code).toBe(0);
    const [first] = await list();
    expect(eventsOf(made)).toEqual([event('key_generated', first!.kid)]);
    expect(first).toMatchObject({ algorithm: 'EdDSA', state: 'next', activatedAt: null });
    expect(made.stdout).toContain(`The next key is ${first!.kid} (EdDSA).`);

    await query(
      database,
      "UPDATE auth_signing_key SET created_at = created_at - interval '10 minutes'",
    );
    const announced = await keys(['rotate']);
    expect(announced.stdout).toBe(`${first!.kid} (EdDSA) signs.\n`);
    expect(eventsOf(announced)).toEqual([event('key_signs', first!.kid)]);
    await keys(['generate']);
    const unannounced = await keys(['rotate']);
    expect(unannounced.stdout).toContain('It was published less than ten minutes before');
    const [retired, signing] = await list();
    expect(retired).toMatchObject({ kid: first!.kid, state: 'retired' });
    expect(signing).toMatchObject({ algorithm: 'EdDSA', state: 'signing', verifiesUntil: null });

    await keys(['retire', first!.kid, '--now']);
    const table = (await keys(['list'])).stdout.trimEnd().split('\n');
    expect(table).toHaveLength(3);
    expect(table[0]).toMatch(/^kid +algorithm +state +created +signs since +retired +verifies/);
    expect(table[1]).toMatch(new RegExp(`^${first!.kid} +EdDSA +ended +20\\d\\d-.*Z$`));
    expect(table[2]).toMatch(/ signing +20.*Z +20.*Z +- +-$/);
  });

  it('keeps nothing in the database that would let its reader sign', async () => {
    await keys(['generate', '--algorithm', 'ES256']);
    const rows = await query<{ sealed_private_key: Buffer | null; public_jwk: object }>(
      database,
      'SELECT * FROM auth_signing_key ORDER BY created_at',
    );
    // Who has retired will never sign again.
    expect(rows.map((row) => row.sealed_private_key === null)).toEqual([true, false, false]);
    for (const { sealed_private_key: sealed, public_jwk: jwk } of rows) {
      expect(Object.keys(jwk)).not.toContain('d');
      if (sealed === null) continue;
      for (let start = 0; start < sealed.length; start++) {
        const key = sealed.subarray(start);
        expect(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' })).toThrow();
      }
      expect(sealed.toString('latin1')).not.toContain('PRIVATE KEY');
    }
    for (const member of ['d', 'p', 'k']) {
      const leak = `UPDATE auth_signing_key SET public_jwk = public_jwk || '{"${member}": "x"}'`;
      await expect(query(database, leak)).rejects.toThrow('auth_signing_key_public');
    }
  });

  it('lets the database hold that one key signs', async () => {
    const second = 'UPDATE auth_signing_key SET activated_at = now() WHERE activated_at IS NULL';
    await expect(query(database, second)).rejects.toThrow('auth_signing_key_one_signs');
  });

  it('refuses what cannot be done, and says what can', async () => {
    const [ended] = await list();
    await expectFailure(keys(['retire', 'nobody']), 'There is no key nobody');
    await expectFailure(keys(['retire', ended!.kid, '--now']), 'has ended already');
    await expectFailure(keys(['generate', '--algorithm', 'HS256']), 'Allowed choices are RS256');
    const unset = env();
    delete unset['KEY_ENCRYPTION_KEY'];
    await expectFailure(
      runCommand(['keys', 'rotate'], unset),
      'KEY_ENCRYPTION_KEY must be set to open the signing keys in the database',
    );
    const other = { KEY_ENCRYPTION_KEY: OTHER_SECRET };
    await expectFailure(keys(['generate'], other), 'KEY_ENCRYPTION_KEY does not open');
    const weak = { KEY_ENCRYPTION_KEY: 'a'.repeat(40) };
    await expectFailure(keys(['list'], weak), 'KEY_ENCRYPTION_KEY is weak');
    expect(await list()).toHaveLength(3);
  });
});

describe('a server on a database whose ring signs', () => {
  it.each([
    ['without KEY_ENCRYPTION_KEY', undefined, 'KEY_ENCRYPTION_KEY must be set'],
    ['with another KEY_ENCRYPTION_KEY', OTHER_SECRET, 'KEY_ENCRYPTION_KEY does not open'],
  ])('refuses to start %s', async (_name, secret, words) => {
    const { KEY_ENCRYPTION_KEY: _own, ...rest } = env();
    const { code, output } = await runToEnd(
      secret === undefined ? rest : { ...rest, KEY_ENCRYPTION_KEY: secret },
    );
    expect(code).toBe(1);
    expect(output).toContain('The server cannot start.');
    expect(output).toContain(words);
    expect(output).toContain('--no-successor');
    expect(output).not.toMatch(/^\s+at /m);
    expect(output).not.toContain(OTHER_SECRET);
  });

  it('gets out of a lost KEY_ENCRYPTION_KEY by retiring what it sealed', async () => {
    const { KEY_ENCRYPTION_KEY: _lost, ...without } = env();
    for (const { kid, state } of await list()) {
      if (state !== 'next' && state !== 'signing') continue;
      const args = ['keys', 'retire', kid, '--no-successor'];
      const retired = await runCommand(args, without);
      expect(retired.code).toBe(0);
      expect(eventsOf(retired)).toEqual([
        expect.objectContaining({ event: 'key_retired', target: `key:${kid}` }),
      ]);
    }
    const created = await runCommand(['createuser', '--username', 'alice'], without);
    expect(created).toMatchObject({ code: 0, stderr: '' });
    // What is left needs no secret any more, and a new one may begin.
    const rotated = await keys(['rotate'], { KEY_ENCRYPTION_KEY: OTHER_SECRET });
    expect(rotated.code).toBe(0);
    expect(eventsOf(rotated)).toEqual([
      expect.objectContaining({ event: 'key_generated', actor: 'command' }),
      expect.objectContaining({ event: 'key_signs', actor: 'command' }),
    ]);
  });
});
