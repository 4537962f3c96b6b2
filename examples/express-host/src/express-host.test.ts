import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { configureApp, PasswordHasher, UsersService } from 'nest-simplejwt';
import { AppModule } from './app.module';

/** Another one at each run, so that the database need not be empty. */
const USERNAME = `alice-${randomUUID()}`;

let app: INestApplication;
let url: string;

before(async () => {
  app = await NestFactory.create(AppModule, { logger: false });
  configureApp(app);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  const password = await app.get(PasswordHasher).hash('correct horse');
  await app.get(UsersService, { strict: false }).createMissing({ username: USERNAME, password });
});
after(() => app.close());

test('it runs as CommonJS on Express', () => {
  assert.equal(typeof module, 'object');
  assert.equal(app.getHttpAdapter().getType(), 'express');
});

test('the log-in is at the path that the host chose, and its token opens what is guarded', async () => {
  const answer = await fetch(`${url}/auth/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: USERNAME, password: 'correct horse' }),
  });
  const { access } = (await answer.json()) as { access: string };
  const mine = await fetch(`${url}/cats/mine`, { headers: { Authorization: `Bearer ${access}` } });
  assert.deepEqual(await mine.json(), [`${USERNAME}'s cat`]);
  assert.equal((await fetch(`${url}/login/simpleJWT`, { method: 'POST' })).status, 404);
});

test('the public route is open, the other one is not', async () => {
  assert.deepEqual(await (await fetch(`${url}/cats`)).json(), ['Felix', 'Tom']);
  assert.equal((await fetch(`${url}/cats/mine`)).status, 401);
});

test('another method is answered by the rules of the contract', async () => {
  const answer = await fetch(`${url}/auth/login`);
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('Allow'), 'POST, OPTIONS');
});
