import { Logger } from '@nestjs/common';
import { UnavailableError } from '../common/errors.js';
import { DjangoPasswordHasher } from './django-password-hasher.js';

const hasher = new DjangoPasswordHasher({ preferred: 'argon2' });

const UNUSABLE = '!kAm2WbFRuc2pUjwsTOl2mSjzVvjZ6kGAcCRBYs4v';
const PBKDF2_WEAK = 'pbkdf2_sha256$1000$fixedSalt01$sNTWMmoE/PHnLsbJ9qVvSHdu7kwe9V8TB/iwExcQ4gw=';
const PBKDF2_1M =
  'pbkdf2_sha256$1000000$fixedSalt0123456789012$djdClR/BP7pw1JgfB0mBZGvYGP9l3106YahKfFZZomk=';
const ARGON2_SMALL =
  'argon2$argon2id$v=19$m=8192,t=2,p=1$Zml4ZWRTYWx0MDAwMDAwMg$DpvjbAd62XU06Kn0Ev/orPAwe2vdO0oIau5uSNbSf4Q';
const BCRYPT_LONG = 'bcrypt$$2b$05$TG4yJgPrL3XXw9fwFel9Nutm8HzJ9UCwg9GgEOntmG1ybirrrWA/6';
/** The last character of this salt has bits that no salt uses; the library refuses it. */
const BCRYPT_ODD = 'bcrypt$$2b$06$I.sHry9ObqLo6gXy/M4De/tDe/PPeaVSAV4KvaHj8OaSnaa0BqqTm';

/** Texts in Django's form with their passwords; the last two are from Django's own tests. */
const VECTORS: [string, string, string][] = [
  ['pbkdf2_sha256', 'pass-one', PBKDF2_WEAK],
  [
    'pbkdf2_sha256 of Django 3.2',
    'pass-cur',
    'pbkdf2_sha256$260000$fixedSalt0123456789012$jW8dJpiWkJcQXQMYaw5PYh8N6uGDN0m8cNfNaLQIjzI=',
  ],
  [
    'pbkdf2_sha256 of a Unicode password',
    'pässwörd-密码',
    'pbkdf2_sha256$2000$fixedSalt07$acvRmVRe+qLjlNS63/R0AcNX3IpyrgPsBKpiBlz1GZw=',
  ],
  ['pbkdf2_sha1', 'pass-two', 'pbkdf2_sha1$5000$fixedSalt02$RBy923K/3oXAysOZRMn6MNspcoI='],
  [
    'argon2id of Django',
    'pass-three',
    'argon2$argon2id$v=19$m=102400,t=2,p=8$R3J4YzhzVnVCa3dRVlRuMHZxc3NnaA$PMJYCoJPagTdf3YAtbDl7Q',
  ],
  ['argon2id', 'pass-argon2id', ARGON2_SMALL],
  [
    'argon2i',
    'pass-argon2i',
    'argon2$argon2i$v=19$m=1024,t=2,p=2$Zml4ZWRTYWx0MDAwMDAwMQ$KsiTmDszbQ9bAFJ4tZj/vA',
  ],
  [
    'bcrypt_sha256',
    'pass-four',
    'bcrypt_sha256$$2b$06$GJlfbBEzL7BXgyJ3FHPO7.KtsUmXIRQOEoqSuqfgrhCSYYDhFBTEO',
  ],
  [
    'bcrypt_sha256 of 100 characters',
    'L'.repeat(100),
    'bcrypt_sha256$$2b$06$vCOr5ajRP/M0MdbPeB4fVuRpZUb/JmfbDUcaFm9wTlKP22VK4axR.',
  ],
  ['bcrypt', 'pass-five', 'bcrypt$$2b$06$I.sHry9ObqLo6gXy/M4De.tDe/PPeaVSAV4KvaHj8OaSnaa0BqqTm'],
  [
    'bcrypt of another library',
    'pass-five',
    '$2b$06$I.sHry9ObqLo6gXy/M4De.tDe/PPeaVSAV4KvaHj8OaSnaa0BqqTm',
  ],
  ['argon2id of another library', 'pass-argon2id', ARGON2_SMALL.slice('argon2'.length)],
  [
    'scrypt',
    'pass-six',
    'scrypt$16384$fixedSalt06$8$1$K36v0CAtj5Y7qTLr0WCPkKqhSWTtJp5PCtuqY3h+Yq3zbNg8e5NUC54+BOo1pU3FGBfaIOUkXI7PRwqfHuME/A==',
  ],
  [
    'scrypt of Django 5.1',
    'pass-six-p5',
    'scrypt$16384$fixedSalt6b$8$5$HPXwDxXCP0OQMQH1orNA5E3uKx3lcahwgNA3wXA0x+yVznyyK6L57jq6wDzGFWxZ2FXQUZPNwmOAFcE3zwrZMA==',
  ],
  [
    'argon2i before versions',
    'secret',
    'argon2$argon2i$m=8,t=1,p=1$c29tZXNhbHQ$gwQOXSNhxiOxPOA0+PY10P9QFO4NAYysnqRt1GSQLE55m+2GYDt9FEjPMHhP2Cuf0nOEXXMocVrsJAtNSsKyfg',
  ],
  [
    'argon2i with a short hash',
    'secret',
    'argon2$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8Q',
  ],
];

/** Checks one spelling. */
async function verify(by: DjangoPasswordHasher, password: string, encoded: string) {
  const { matches, needsUpgrade } = await by.verifyAny([password], encoded);
  return { matches, needsUpgrade };
}

const NO_MATCH = { matches: false, needsUpgrade: false };

/** Processor time of the quickest and the middle one of five rounds: a busy machine does not change it. µs. */
async function measure(
  work: () => Promise<unknown>,
): Promise<{ quickest: number; median: number }> {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    times.push(user + system);
  }
  const [quickest = 0, , median = 0] = times.toSorted((one, other) => one - other);
  return { quickest, median };
}

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('DjangoPasswordHasher.verifyAny of one candidate', () => {
  it.each(VECTORS)('matches %s and asks for an upgrade', async (_format, password, encoded) => {
    await expect(verify(hasher, password, encoded)).resolves.toEqual({
      matches: true,
      needsUpgrade: true,
    });
  });

  it.each(VECTORS)('refuses a wrong password for %s', async (_format, password, encoded) => {
    await expect(verify(hasher, `${password}x`, encoded)).resolves.toEqual(NO_MATCH);
  });

  it.each([
    ['an unusable password', UNUSABLE],
    ['an unusable password without its random part', '!'],
    ['nothing', ''],
    ['a text without format', 'plainly-wrong'],
    ['an unknown format', 'whirlpool$1$salt$abcdef'],
    ['a format with parts missing', 'pbkdf2_sha256$1000$salt'],
  ])('never matches %s, not even with the text itself', async (_what, encoded) => {
    await expect(verify(hasher, encoded, encoded)).resolves.toEqual(NO_MATCH);
    await expect(verify(hasher, '', encoded)).resolves.toEqual(NO_MATCH);
  });

  it('compares only the first 72 bytes with plain bcrypt, as Django does', async () => {
    await expect(verify(hasher, 'M'.repeat(72), BCRYPT_LONG)).resolves.toMatchObject({
      matches: true,
    });
    await expect(verify(hasher, 'M'.repeat(80), BCRYPT_LONG)).resolves.toMatchObject({
      matches: true,
    });
    await expect(verify(hasher, 'M'.repeat(71), BCRYPT_LONG)).resolves.toEqual(NO_MATCH);
  });

  it('takes a bcrypt hash whose salt has stray bits for no match', async () => {
    await expect(verify(hasher, 'pass-five', BCRYPT_ODD)).resolves.toEqual(NO_MATCH);
  });

  it.each(VECTORS)(
    'survives NUL and lone surrogates for %s',
    async (_format, password, encoded) => {
      await expect(verify(hasher, `${password}\0\ud800`, encoded)).resolves.toEqual(NO_MATCH);
    },
  );

  it('leaves the event loop free', async () => {
    const state = { isDone: false, turns: 0 };
    const check = verify(hasher, 'wrong', ARGON2_SMALL).finally(() => {
      state.isDone = true;
    });
    while (!state.isDone) {
      state.turns += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await check;
    expect(state.turns).toBeGreaterThan(10);
  });
});

describe('DjangoPasswordHasher.verifyAny', () => {
  it('says which candidate matched', async () => {
    const candidates = [' pass-one ', 'pass-one'];
    await expect(hasher.verifyAny(candidates, PBKDF2_WEAK)).resolves.toEqual({
      matches: true,
      needsUpgrade: true,
      candidate: 'pass-one',
    });
  });

  it('prefers the first of two candidates that match', async () => {
    const candidates = ['M'.repeat(73), 'M'.repeat(72)];
    await expect(hasher.verifyAny(candidates, BCRYPT_LONG)).resolves.toMatchObject({
      candidate: candidates[0],
    });
  });

  it('names no candidate when none matched, or there is none', async () => {
    const refusal = { ...NO_MATCH, candidate: null };
    await expect(hasher.verifyAny([' a', 'a'], PBKDF2_WEAK)).resolves.toEqual(refusal);
    await expect(hasher.verifyAny([], PBKDF2_WEAK)).resolves.toEqual(refusal);
  });
});

describe('DjangoPasswordHasher.hash', () => {
  it('writes argon2id with the OWASP parameters, which match and are up to date', async () => {
    const encoded = await hasher.hash('pässwörd-密码');
    expect(encoded).toMatch(
      /^argon2\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{30}\$[A-Za-z0-9+/]{43}$/,
    );
    expect(Buffer.from(encoded.split('$').at(-2) ?? '', 'base64').toString()).toMatch(
      /^[A-Za-z0-9]{22}$/,
    );
    await expect(verify(hasher, 'pässwörd-密码', encoded)).resolves.toEqual({
      matches: true,
      needsUpgrade: false,
    });
    await expect(verify(hasher, 'pässwörd-密', encoded)).resolves.toEqual(NO_MATCH);
  });

  it('writes pbkdf2_sha256 when preferred, which matches and is up to date', async () => {
    const pbkdf2 = new DjangoPasswordHasher({ preferred: 'pbkdf2_sha256' });
    const encoded = await pbkdf2.hash('secret');
    expect(encoded).toMatch(/^pbkdf2_sha256\$1000000\$[A-Za-z0-9]{22}\$[A-Za-z0-9+/]{43}=$/);
    const upToDate = { matches: true, needsUpgrade: false };
    await expect(verify(pbkdf2, 'secret', encoded)).resolves.toEqual(upToDate);
    await expect(verify(pbkdf2, 'pass-1m', PBKDF2_1M)).resolves.toEqual(upToDate);
    await expect(verify(hasher, 'secret', encoded)).resolves.toEqual({
      matches: true,
      needsUpgrade: true,
    });
  });

  it('salts every hash anew', async () => {
    expect(await hasher.hash('secret')).not.toBe(await hasher.hash('secret'));
  });

  it.each([
    ['the empty text', ''],
    ['NUL', 'a\0b'],
    ['a megabyte', 'x'.repeat(1 << 20)],
  ])('hashes and matches %s in full', async (_what, password) => {
    const encoded = await hasher.hash(password);
    await expect(verify(hasher, password, encoded)).resolves.toMatchObject({ matches: true });
    await expect(verify(hasher, `${password}y`, encoded)).resolves.toEqual(NO_MATCH);
  });
});

describe('The time of a refusal', () => {
  // Other work on the machine only makes things slower, so that a quick refusal would still show.
  it.each([
    ['an unusable password', UNUSABLE],
    ['an unreadable password', 'plainly-wrong'],
    ['an empty password', ''],
    ['a cheap pbkdf2_sha256', PBKDF2_WEAK],
    ['a cheap argon2id', ARGON2_SMALL],
    ['a cheap bcrypt', BCRYPT_LONG],
    ['a bcrypt whose salt has stray bits', BCRYPT_ODD],
  ])('is no shorter for %s than for an unknown user', async (_what, encoded) => {
    const { quickest } = await measure(() => hasher.verifyDummy(['wrong']));
    const { median } = await measure(() => verify(hasher, 'wrong', encoded));
    expect(median).toBeGreaterThan(quickest * 0.5);
  });

  it('is that of one hash for each different candidate, known user or not', async () => {
    const { quickest } = await measure(() => hasher.verifyDummy(['wrong']));
    const unknown = await measure(() => hasher.verifyDummy([' wrong', 'wrong']));
    const known = await measure(() => hasher.verifyAny([' wrong', 'wrong'], UNUSABLE));
    expect(unknown.median).toBeGreaterThan(quickest * 1.4);
    expect(known.median).toBeGreaterThan(quickest * 1.4);
  });
});

describe('A full queue', () => {
  it('answers 503 with Retry-After at once and serves those who wait', async () => {
    const small = new DjangoPasswordHasher({ preferred: 'argon2', parallel: 1 });
    const served = [
      ...Array.from({ length: 99 }, () => verify(small, 'pass-one', PBKDF2_WEAK)),
      small.hash('secret'),
      small.verifyDummy(['unknown']),
    ];
    const error = await verify(small, 'pass-one', PBKDF2_WEAK).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toMatchObject({
      code: 'unavailable',
      reason: 'password_queue_full',
      headers: { 'retry-after': '1' },
    });
    await expect(Promise.all(served)).resolves.toHaveLength(101);
    await expect(verify(small, 'pass-one', PBKDF2_WEAK)).resolves.toMatchObject({ matches: true });
  });

  it('refuses nonsense limits at once', () => {
    expect(() => new DjangoPasswordHasher({ preferred: 'argon2', parallel: 0 })).toThrow(
      RangeError,
    );
  });
});
