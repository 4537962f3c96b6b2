import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { configureApp } from 'nest-simplejwt';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';

interface Pair {
  access: string;
  refresh: string;
}

/** Another one at each run, so that the database need not be empty. */
const EMAIL = `anne-${randomUUID()}@example.com`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let app: INestApplication;
let url: string;

before(async () => {
  app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
  configureApp(app);
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  const answer = await post('/customers', { email: EMAIL, password: 'correct horse' });
  assert.equal(answer.status, 204);
});
after(() => app.close());

function post(path: string, body: object): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function logIn(): Promise<Pair> {
  const body = { username: EMAIL.toUpperCase(), password: 'correct horse' };
  return (await (await post('/login/simpleJWT', body)).json()) as Pair;
}

const me = (access: string): Promise<Response> =>
  fetch(`${url}/customers/me`, { headers: { Authorization: `Bearer ${access}` } });

test('a customer logs in by e-mail, has a UUID, and finds the plan in the token', async () => {
  const { id, ...rest } = (await (await me((await logIn()).access)).json()) as { id: string };
  assert.match(id, UUID);
  assert.deepEqual(rest, { email: EMAIL, plan: 'free' });
});

test('signing up with wrong fields is 400 and names them, with an address that is taken 409', async () => {
  for (const body of [{}, { email: 7, password: null }, { email: 'anne', password: 'short' }]) {
    const refused = await post('/customers', body);
    assert.equal(refused.status, 400);
    assert.deepEqual(Object.keys((await refused.json()) as object), ['email', 'password']);
  }
  const again = { email: EMAIL.toUpperCase(), password: 'another horse' };
  assert.equal((await post('/customers', again)).status, 409);
});

test('another plan is in the tokens from the next refresh on', async () => {
  const { refresh } = await logIn();
  await app.get(DataSource).query(`UPDATE customer SET plan = 'gold' WHERE email = $1`, [EMAIL]);
  const { access } = (await (await post('/login/simpleJWT/refresh', { refresh })).json()) as Pair;
  const { plan } = (await (await me(access)).json()) as { plan: string };
  assert.equal(plan, 'gold');
});

test('guesses in changing letter case are counted as what they are: guesses at one account', async () => {
  const email = `bert-${randomUUID()}@example.com`;
  const secret = 'correct horse';
  assert.equal((await post('/customers', { email, password: secret })).status, 204);
  const spelling = (guess: number): string =>
    guess === 0 ? email : email.slice(0, guess).toUpperCase() + email.slice(guess);
  const statuses: number[] = [];
  for (let guess = 0; guess < 12; guess += 1) {
    const body = { username: spelling(guess), password: `guess ${guess}` };
    statuses.push((await post('/login/simpleJWT', body)).status);
  }
  assert.deepEqual(statuses, [...Array<number>(10).fill(401), 429, 429]);
});

test('a customer who is disabled is out within a second', async () => {
  const { access } = await logIn();
  assert.equal((await me(access)).status, 200);
  await app.get(DataSource).query('UPDATE customer SET enabled = false WHERE email = $1', [EMAIL]);
  const deadline = performance.now() + 1000;
  let status: number;
  do ({ status } = await me(access));
  while (status !== 401 && performance.now() < deadline);
  assert.equal(status, 401);
});
