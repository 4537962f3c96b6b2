import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { configureApp, PasswordHasher, UsersService } from 'nest-simplejwt';
import { AppModule } from './app.module.js';

/** Another one at each run, so that the database need not be empty. */
const USERNAME = `alice-${randomUUID()}`;

let app: INestApplication;
let url: string;

before(async () => {
  app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  configureApp(app);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  const password = await app.get(PasswordHasher).hash('correct horse');
  await app.get(UsersService, { strict: false }).createMissing({ username: USERNAME, password });
});
after(() => app.close());

const logIn = (password: string): Promise<Response> =>
  fetch(`${url}/login/simpleJWT`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: USERNAME, password }),
  });

test('whoever has logged in may list orders', async () => {
  const { access } = (await (await logIn('correct horse')).json()) as { access: string };
  const answer = await fetch(`${url}/orders`, { headers: { Authorization: `Bearer ${access}` } });
  assert.deepEqual(await answer.json(), { owner: USERNAME });
});

test('nobody else may', async () => {
  const answer = await fetch(`${url}/orders`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer realm="api"');
  assert.equal((await logIn('wrong')).status, 401);
});
