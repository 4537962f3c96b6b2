import { generateKeyPairSync, type JsonWebKey, type KeyPairKeyObjectResult } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KeySpec, Profile } from './format.js';

/** A key pair of a profile. */
export interface TestKey {
  /** PEM. */
  readonly private: string;
  /** PEM. */
  readonly public: string;
  /** The public part with its name as `kid`. */
  readonly jwk: JsonWebKey;
}

/** Key sets that are being served. */
export interface ServedKeySets {
  readonly urls: ReadonlyMap<string, string>;
  readonly close: () => void;
}

/** Makes a profile's key pairs. */
export function makeKeys(specs: Profile['keys'] = {}): ReadonlyMap<string, TestKey> {
  return new Map(
    Object.entries(specs).map(([name, spec]) => {
      const { privateKey, publicKey } = makePair(spec);
      return [
        name,
        {
          private: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
          public: publicKey.export({ type: 'spki', format: 'pem' }) as string,
          jwk: { ...publicKey.export({ format: 'jwk' }), kid: name, use: 'sig' },
        },
      ];
    }),
  );
}

function makePair({ kty, bits = 2048, curve = 'P-256' }: KeySpec): KeyPairKeyObjectResult {
  switch (kty) {
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: bits });
    case 'ec':
      return generateKeyPairSync('ec', { namedCurve: curve });
    case 'okp':
      return generateKeyPairSync('ed25519');
  }
}

/** Serves a profile's key sets, each under its name. */
export async function serveKeySets(
  sets: Profile['jwks'] = {},
  keys: ReadonlyMap<string, TestKey>,
): Promise<ServedKeySets> {
  const server = createServer((request, response) => {
    const names = sets[(request.url ?? '').slice(1)];
    response.writeHead(names ? 200 : 404, { 'content-type': 'application/jwk-set+json' });
    response.end(JSON.stringify({ keys: (names ?? []).map((name) => keys.get(name)?.jwk) }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const urls = Object.keys(sets).map((name): [string, string] => [
    name,
    `http://127.0.0.1:${port}/${name}`,
  ]);
  return { urls: new Map(urls), close: () => server.close() };
}
