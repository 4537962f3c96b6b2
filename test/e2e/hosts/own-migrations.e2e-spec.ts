import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import {
  DataSource,
  type DataSourceOptions,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { AUTH_MIGRATIONS, AuthModule } from '../../../src/index.js';
import { runCommand, type CommandOutcome } from '../../support/command.js';
import { dropDatabases, query } from '../../support/databases.js';
import { spawnServer } from '../../support/process.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(60_000);

class Orders1720000000000 implements MigrationInterface {
  readonly name = 'Orders1720000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE orders (id integer PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE orders');
  }
}

const NAMES = [...AUTH_MIGRATIONS.map(({ name }) => name), 'Orders1720000000000'];

let url: string;
let folder: string;

beforeEach(async () => {
  url = await hostDatabase('migrations');
  folder = mkdtempSync(join(tmpdir(), 'migrations-'));
});
afterEach(async () => {
  await stopHosts();
  rmSync(folder, { recursive: true });
});
afterAll(() => dropDatabases('host_migrations'));

function startWith(own: Partial<TypeOrmModuleOptions> = {}): Promise<Host> {
  @Module({
    imports: [
      TypeOrmModule.forRoot({
        ...hostTypeOrm(url, { migrations: [Orders1720000000000] }),
        ...own,
      } as TypeOrmModuleOptions),
      AuthModule.forRoot({ signingKey: SIGNING_KEY }),
    ],
  })
  class AppModule {}
  return startHost(AppModule);
}

/** A command as somebody runs it beside a host: it knows where the database is, and no more. */
const command = (...args: string[]): Promise<CommandOutcome> =>
  runCommand(args, { DATABASE_URL: url, DATA_DIR: join(folder, 'data') });

async function namesIn(table: string): Promise<string[]> {
  const rows = await query<{ name: string }>(url, `SELECT name FROM ${table} ORDER BY id`);
  return rows.map(({ name }) => name);
}

async function isThere(table: string): Promise<boolean> {
  const [row] = await query(url, 'SELECT to_regclass($1) IS NOT NULL AS found', [table]);
  return row?.['found'] === true;
}

const UP_TO_DATE = { code: 0, stdout: 'The database is up to date.\n', stderr: '' };

describe('the commands, on the database of a host with migrations of its own', () => {
  it.each([
    ["TypeORM's usual list of them", {}, 'migrations'],
    ['a list under a name of its own', { migrationsTableName: 'host_list' }, 'host_list'],
  ])('run none anew that the host has run: %s', async (_what, own, table) => {
    await startWith(own);
    await stopHosts();
    expect(await command('migrate')).toEqual(UP_TO_DATE);
    expect(await namesIn(table)).toEqual(NAMES);
    expect(await isThere('nest_simplejwt_migrations')).toBe(false);

    const created = await command('createuser', '--username', 'alice');
    expect(created).toMatchObject({ code: 0, stderr: '' });
    const password = /Password \(shown once\): (\S+)/.exec(created.stdout)?.[1] ?? '';
    const { client } = await startWith(own);
    expect((await client.obtain('alice', password)).status).toBe(200);
  });

  it('need no signing key to make a user, and leave none behind', async () => {
    await startWith();
    expect(await command('createuser', '--username', 'alice')).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  it('run what is pending, and note it in the list of the host', async () => {
    const migrations = [...AUTH_MIGRATIONS.slice(0, -1), Orders1720000000000];
    const older = new DataSource({ ...hostTypeOrm(url), migrations } as DataSourceOptions);
    await (await older.initialize()).destroy();
    expect(await command('migrate')).toEqual(UP_TO_DATE);
    expect((await namesIn('migrations')).toSorted()).toEqual(NAMES.toSorted());
    expect(await isThere('nest_simplejwt_migrations')).toBe(false);
    await startWith();
  });
});

describe('the server by itself, on the database of a host with migrations of its own', () => {
  it.each([
    ["TypeORM's usual list of them", {}],
    ['a list under a name of its own', { migrationsTableName: 'host_list' }],
  ])('runs none anew that the host has run, and is ready: %s', async (_what, own) => {
    await startWith(own);
    const { url: address, stop } = await spawnServer({
      DATABASE_URL: url,
      SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
    });
    expect((await fetch(`${address}/health/ready`)).status).toBe(200);
    expect(await stop()).toMatchObject({ code: 0 });
    expect(await isThere('nest_simplejwt_migrations')).toBe(false);
  });
});

describe('the commands, on a database that has a table `migrations` of another tool', () => {
  it.each(['id integer, batch integer', "id integer, name text DEFAULT 'CreateOrders'"])(
    'make a list of their own: (%s)',
    async (columns) => {
      await query(url, `CREATE TABLE migrations (${columns})`);
      await query(url, 'INSERT INTO migrations (id) VALUES (1)');
      expect(await command('migrate')).toEqual(UP_TO_DATE);
      expect(await namesIn('nest_simplejwt_migrations')).toEqual(
        AUTH_MIGRATIONS.map(({ name }) => name),
      );
    },
  );
});
