import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ISSUER, startIssuer, type Issuer } from './issuer.js';

/** Another one at each run, so that the database need not be empty. */
const USERNAME = `alice-${randomUUID()}`;

let issuer: Issuer;
let app: INestApplication;
let url: string;

before(async () => {
  issuer = await startIssuer(USERNAME, 'correct horse', 'reports,letters');
  process.env.JWK_URL = `${issuer.url}/.well-known/jwks.json`;
  process.env.ISSUER = ISSUER;
  const { AppModule } = await import('./app.module.js');
  app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
after(async () => {
  await app?.close();
  await issuer?.stop();
});

interface Pair {
  access: string;
  refresh: string;
}

async function send(path: string, fields: Record<string, string>): Promise<Pair> {
  const body = new URLSearchParams(fields);
  const answer = await fetch(`${issuer.url}/login/simpleJWT${path}`, { method: 'POST', body });
  assert.equal(answer.status, 200);
  return (await answer.json()) as Pair;
}

const logIn = (): Promise<Pair> => send('', { username: USERNAME, password: 'correct horse' });

const reports = (token: string): Promise<Response> =>
  fetch(`${url}/reports`, { headers: { Authorization: `Bearer ${token}` } });

test("a token of the issuer's opens the service, which has no database and no private key", async () => {
  const { access } = await logIn();
  const answer = await reports(access);
  assert.equal(answer.status, 200);
  const claims = Buffer.from(access.split('.')[1] ?? '', 'base64url').toString();
  const { user_id: reader } = JSON.parse(claims) as { user_id: string };
  assert.match(reader, /^\d+$/);
  assert.deepEqual(await answer.json(), { reader });
});

test('a refresh token, a changed token and no token do not', async () => {
  const { access, refresh } = await logIn();
  const [header, claims] = access.split('.');
  const [, , otherSignature] = (await logIn()).access.split('.');
  for (const token of [refresh, `${header}.${claims}.${otherSignature}`, 'nonsense']) {
    assert.equal((await reports(token)).status, 401);
  }
  assert.equal((await fetch(`${url}/reports`)).status, 401);
});

test('a refresh token does not when it is spent or logged out, which the service cannot know', async () => {
  const { refresh: spent } = await logIn();
  const { refresh } = await send('/refresh', { refresh: spent });
  await send('/blacklist', { refresh });
  for (const token of [spent, refresh]) assert.equal((await reports(token)).status, 401);
});

test('a token that names a key of nobody is refused', async () => {
  const [, claims, signature] = (await logIn()).access.split('.');
  const header = { alg: 'ES256', typ: 'JWT', kid: 'x'.repeat(43) };
  const encoded = Buffer.from(JSON.stringify(header)).toString('base64url');
  assert.equal((await reports(`${encoded}.${claims}.${signature}`)).status, 401);
});

test('tokens go on verifying while the issuer is away', async () => {
  const { access } = await logIn();
  await issuer.stop();
  assert.equal((await reports(access)).status, 200);
});
