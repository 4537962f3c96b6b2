import { Module, ValidationPipe, type INestApplication } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AccountModule,
  AuthModule,
  PasswordHasher,
  UsersService,
  configureApp,
} from '../../../src/index.js';
import {
  PLATFORMS,
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Platform,
} from './host.js';

jest.setTimeout(60_000);

const STRICT = {
  transform: true,
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  validateCustomDecorators: true,
};
const PASSWORD = 'correct horse battery';

/** Where a host's pipe comes from, and what it is. */
const HOSTS: [string, { global?: ValidationPipe; provided?: ValidationPipe }][] = [
  ['a plain ValidationPipe', { global: new ValidationPipe() }],
  ['a strict ValidationPipe', { global: new ValidationPipe(STRICT) }],
  ['APP_PIPE', { provided: new ValidationPipe(STRICT) }],
];

describe.each(PLATFORMS)('on %s', (platform: Platform) => {
  afterEach(stopHosts);

  it.each(HOSTS)('the views answer as ever behind %s', async (_name, { global, provided }) => {
    const url = await hostDatabase(`pipes_${platform}`);
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({ signingKey: SIGNING_KEY }),
        AccountModule,
      ],
      providers: provided ? [{ provide: APP_PIPE, useValue: provided }] : [],
    })
    class AppModule {}
    const { app, client } = await startHost(AppModule, {
      platform,
      configure: (host: INestApplication) => {
        configureApp(host);
        if (global) host.useGlobalPipes(global);
      },
    });
    const password = await app.get(PasswordHasher).hash(PASSWORD);
    const users = app.get(UsersService, { strict: false });
    await users.createMissing({ username: 'alice', password });

    const { access, refresh } = await client.login('alice', PASSWORD);
    const superfluous = { token: access, more: 1 };
    expect(await client.post('/login/simpleJWT/verify', superfluous)).toMatchObject({
      status: 200,
      body: {},
    });
    const renewed = await client.refresh(refresh);
    expect(renewed.status).toBe(200);
    const sliding = await client.post('/login/simpleJWT/sliding', {
      username: 'alice',
      password: PASSWORD,
    });
    expect(sliding.status).toBe(200);
    const extended = await client.post('/login/simpleJWT/sliding/refresh', sliding.body);
    expect(extended.status).toBe(200);
    const changed = await client.post(
      '/users/me/password',
      { old_password: PASSWORD, new_password: 'another horse battery' },
      { authorization: `Bearer ${renewed.body.access}` },
    );
    expect(changed.status).toBe(204);
    const ended = await client.post('/login/simpleJWT/blacklist', {
      refresh: renewed.body.refresh,
    });
    expect(ended).toMatchObject({ status: 200, body: {} });
    // What is wrong is said in the contract's words.
    expect(await client.post('/login/simpleJWT/refresh', { more: 1 })).toMatchObject({
      status: 400,
      body: { refresh: ['This field is required.'] },
    });
  });
});
