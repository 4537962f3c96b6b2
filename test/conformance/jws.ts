import { constants, createHmac, sign, verify, type SignKeyObjectInput } from 'node:crypto';
import { isObject, type ForgeStep, type Json, type TamperStep } from './format.js';
import type { Scope } from './scope.js';

/** A token taken apart without any check. */
export interface Decoded {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
}

/** Takes a compact token apart; null when the value is none. */
export function decode(token: unknown): Decoded | null {
  if (typeof token !== 'string') return null;
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  try {
    const [header, claims] = parts.slice(0, 2).map(readPart);
    return isObject(header) && isObject(claims) ? { header, claims } : null;
  } catch {
    return null;
  }
}

/** Whether the signature is that of the key, with the algorithm that the token's own header names. */
export function isSigned(token: string, key: string): boolean {
  const algorithm = String(decode(token)?.header['alg']);
  const end = token.lastIndexOf('.');
  const input = token.slice(0, end);
  const signature = token.slice(end + 1);
  if (algorithm.startsWith('HS')) return signatureOf(algorithm, key, input) === signature;
  return verify(
    hashOf(algorithm),
    Buffer.from(input),
    keyInput(algorithm, key),
    Buffer.from(signature, 'base64url'),
  );
}

/** The token that a step asks for. */
export function forge(step: ForgeStep, scope: Scope): string {
  const algorithm = step.alg ?? scope.algorithm;
  const key = step.key === undefined ? scope.signingKey : scope.insertText(step.key);
  const header = scope.insert(step.header ?? { alg: algorithm, typ: 'JWT' });
  const payload =
    step.payload === undefined
      ? JSON.stringify(scope.insert(step.claims ?? {}))
      : scope.insertText(step.payload);
  const input = `${writePart(JSON.stringify(header))}.${writePart(payload)}`;
  return `${input}.${signatureOf(algorithm, key, input)}`;
}

/** The damaged token that a step asks for. */
export function tamper(step: TamperStep, scope: Scope): string {
  const token = scope.insertText(step.from);
  const [header = '', payload = '', signature = ''] = token.split('.');
  const other = (): string[] => scope.insertText(step.other ?? '').split('.');
  const edited = (part: string): string => {
    const changes = scope.insert(step.set ?? {}) as Record<string, Json>;
    return writePart(JSON.stringify({ ...(readPart(part) as object), ...changes }));
  };
  switch (step.how) {
    case 'flip-signature': {
      const bytes = Buffer.from(signature, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
      return [header, payload, bytes.toString('base64url')].join('.');
    }
    case 'truncate-signature':
      return [header, payload, signature.slice(0, -4)].join('.');
    case 'drop-signature':
      return [header, payload, ''].join('.');
    case 'drop-segment':
      return [header, payload].join('.');
    case 'extra-segment':
      return [header, payload, signature, signature].join('.');
    case 'edit-claims':
      return [header, edited(payload), signature].join('.');
    case 'edit-header':
      return [edited(header), payload, signature].join('.');
    case 'swap-header':
      return [other()[0], payload, signature].join('.');
    case 'swap-payload':
      return [header, other()[1], signature].join('.');
    case 'pad-base64':
      return [`${header}==`, payload, signature].join('.');
    default:
      throw new Error(`the format knows no tampering ${step.how}`);
  }
}

function signatureOf(algorithm: string, key: string, input: string): string {
  if (algorithm === 'none') return '';
  const hash = hashOf(algorithm);
  if (algorithm.startsWith('HS') && hash) {
    return createHmac(hash, key).update(input).digest('base64url');
  }
  return sign(hash, Buffer.from(input), keyInput(algorithm, key)).toString('base64url');
}

function hashOf(algorithm: string): string | null {
  return algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`;
}

function keyInput(
  algorithm: string,
  key: string,
): { key: string } & Omit<SignKeyObjectInput, 'key'> {
  switch (algorithm.slice(0, 2)) {
    case 'PS':
      return {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
    case 'ES':
      return { key, dsaEncoding: 'ieee-p1363' };
    default:
      return { key };
  }
}

function writePart(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function readPart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
