import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule, ConfigError, type SettingsInput } from '../../src/index.js';
import { dropDatabases, truncateTables } from '../support/databases.js';
import { spawnServer } from '../support/process.js';
import { workerDatabase } from '../support/server.js';
import { SIGNING_KEY } from '../support/tokens.js';
import { hostDatabase, hostTypeOrm, startHost, stopHosts } from './hosts/host.js';

jest.setTimeout(60_000);

describe('in production', () => {
  let database: string;

  beforeAll(async () => {
    database = await workerDatabase();
    await truncateTables(database);
  });

  it.each([
    ['nothing describes the server', { NODE_ENV: 'production' }, 404],
    ['DOCS=true does', { NODE_ENV: 'production', DOCS: 'true' }, 200],
    ['and elsewhere DOCS=false takes it away', { DOCS: 'false' }, 404],
    ['and elsewhere it is there', {}, 200],
  ])('%s', async (_what, env, status) => {
    const server = await spawnServer({
      DATABASE_URL: database,
      SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
      ...env,
    });
    for (const path of ['/docs', '/docs/openapi.json']) {
      expect((await fetch(server.url + path)).status).toBe(status);
    }
    expect(server.output().includes('/docs')).toBe(status === 200);
    await server.stop();
  });

  describe('a host', () => {
    const before = process.env['NODE_ENV'];
    afterAll(() => dropDatabases('host_production'));
    afterEach(async () => {
      process.env['NODE_ENV'] = before;
      await stopHosts();
    });

    const start = (settings: SettingsInput, url: string) => {
      @Module({
        imports: [
          TypeOrmModule.forRoot({ ...hostTypeOrm(url), extra: { allowExitOnIdle: true } }),
          AuthModule.forRoot({ signingKey: SIGNING_KEY, ...settings }),
        ],
      })
      class AppModule {}
      return startHost(AppModule);
    };

    it.each<[string, SettingsInput]>([
      ['allowedOrigins', { allowedOrigins: ['http://app.example.com'] }],
      ['refreshCookieSecure', { refreshCookieSecure: false }],
    ])('does not start with a value of %s that is for trying out', async (name, settings) => {
      process.env['NODE_ENV'] = 'production';
      // Each host has its own database: a refused one may still be migrating.
      const own = `production_${name.toLowerCase()}`;
      const first = await hostDatabase(`${own}_a`);
      const refusal = await start(settings, first).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ConfigError);
      expect(String(refusal)).toContain(name);
      process.env['NODE_ENV'] = before;
      await expect(start(settings, await hostDatabase(`${own}_b`))).resolves.toBeDefined();
    });
  });
});
