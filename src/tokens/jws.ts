import { createHmac, sign, verify } from 'node:crypto';
import type { JwtService, JwtSignOptions } from '@nestjs/jwt';
import { ALGORITHM_TABLE } from '../keys/domain/algorithm.js';
import type { SigningKey, VerifyingKey } from '../keys/verifying-key.js';
import type { Claims } from './domain/compact.js';

/** An algorithm that the library behind `JwtService` knows: one without an entry `verify` in `withoutJwtService`. */
type JwtAlgorithm = NonNullable<JwtSignOptions['algorithm']>;

/**
 * Signs tokens and checks their signatures (RFC 7515). `JwtService` does it, save what the table of algorithms leaves to
 * `node:crypto`.
 */
export class Jws {
  /** The first part of the tokens of each key, which never changes. */
  private readonly headers = new WeakMap<SigningKey, string>();

  constructor(private readonly jwt: JwtService) {}

  /** The compact form of signed claims (RFC 7515 §3.1). */
  sign(claims: Claims, signing: SigningKey): string {
    const { kid, algorithm, key } = signing;
    const { hash, kty, withoutJwtService } = ALGORITHM_TABLE[algorithm];
    if (withoutJwtService.includes('sign')) {
      const input = `${this.headerOf(signing)}.${encoded(claims)}`;
      const signature =
        kty === null && hash !== null
          ? createHmac(hash, key).update(input).digest('base64url')
          : sign(hash, Buffer.from(input), key).toString('base64url');
      return `${input}.${signature}`;
    }
    return this.jwt.sign(claims, {
      algorithm: algorithm as JwtAlgorithm,
      privateKey: key,
      ...(kid === null ? {} : { keyid: kid }),
      // jsonwebtoken would add an `iat` of its own clock; where one is given, this option would delete it.
      ...(claims['iat'] === undefined ? { noTimestamp: true } : {}),
    });
  }

  /** Whether the key has signed a well-formed token. Only its own algorithm counts, whatever the header says. */
  isSignedBy(token: string, { algorithm, key }: VerifyingKey): boolean {
    const { hash, withoutJwtService } = ALGORITHM_TABLE[algorithm];
    try {
      if (withoutJwtService.includes('verify')) {
        const end = token.lastIndexOf('.');
        const signature = Buffer.from(token.slice(end + 1), 'base64url');
        return verify(hash, Buffer.from(token.slice(0, end)), key, signature);
      }
      this.jwt.verify(token, {
        algorithms: [algorithm as JwtAlgorithm],
        // The type knows texts and buffers only; jsonwebtoken takes a ready KeyObject, which spares the parsing.
        publicKey: key as unknown as Buffer,
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
      return true;
    } catch {
      return false;
    }
  }

  private headerOf(signing: SigningKey): string {
    let header = this.headers.get(signing);
    if (header === undefined) {
      const { algorithm, kid } = signing;
      header = encoded({ alg: algorithm, typ: 'JWT', ...(kid === null ? {} : { kid }) });
      this.headers.set(signing, header);
    }
    return header;
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
