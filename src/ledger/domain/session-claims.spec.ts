import * as fc from 'fast-check';
import { adoptedSessionId, refreshTokenId } from './session-claims.js';

const SID = '000102030405060708090a0b0c0d0e0f';

describe('refreshTokenId', () => {
  // Made with Python: hmac.new(bytes.fromhex(sid), b'0', hashlib.sha256).hexdigest()[:32]
  it.each([
    [SID, 0, 'f0f939e8641a57360a2fda4e373c6637'],
    [SID, 1, 'fbdde3527a10604d719d67c7d1fd4bbb'],
    [SID, 41, '257380fcfe4614fffa537544d3395dd8'],
    [SID, Number.MAX_SAFE_INTEGER, 'e1ba73d6bd95462e5f8e8676e2acbd79'],
    ['0'.repeat(32), 0, '9979e4c3ee19965f9ecc6dca6b3954b1'],
  ])('names generation %2$i of session %1$s', (sid, generation, jti) => {
    expect(refreshTokenId(sid, generation)).toBe(jti);
  });

  it('gives one name however the session id is written', () => {
    const jti = refreshTokenId(SID, 1);
    expect(refreshTokenId('00010203-0405-0607-0809-0a0b0c0d0e0f', 1)).toBe(jti);
    expect(refreshTokenId(SID.toUpperCase(), 1)).toBe(jti);
  });

  it('gives every generation of every session another name', () => {
    const sid = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const token = fc.tuple(
      sid.map((bytes) => Buffer.from(bytes).toString('hex')),
      fc.maxSafeNat(),
    );
    fc.assert(
      fc.property(token, token, ([sidA, genA], [sidB, genB]) => {
        const isSame = refreshTokenId(sidA, genA) === refreshTokenId(sidB, genB);
        expect(isSame).toBe(sidA === sidB && genA === genB);
      }),
    );
  });

  it.each(['', '00', `${SID}00`, `${SID.slice(1)}g`])('refuses %j as a session id', (sid) => {
    expect(() => refreshTokenId(sid, 0)).toThrow(TypeError);
  });

  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('refuses %d as a generation', (generation) => {
    expect(() => refreshTokenId(SID, generation)).toThrow(TypeError);
  });
});

describe('adoptedSessionId', () => {
  // Made with Python: hashlib.sha256(jti.encode()).hexdigest()[:32]
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb924'],
    ['6d6f1b1d1f7a4e0f8d2c3b4a59687786', '1add04e6d419c58f94d3c9ed0fdc4003'],
    ['jti-€', '164a8df9f52e84ebdefbd8e5a48e543e'],
  ])('gives the token %j its session', (jti, sid) => {
    expect(adoptedSessionId(jti)).toBe(sid);
  });

  it('gives a session id that names refresh tokens', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (jti) => {
        expect(refreshTokenId(adoptedSessionId(jti), 0)).toMatch(/^[0-9a-f]{32}$/);
      }),
    );
  });
});
