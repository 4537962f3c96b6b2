import { Controller, Get, Injectable, Module, UseGuards } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  Column,
  DeleteDateColumn,
  Entity,
  PrimaryGeneratedColumn,
  type MigrationInterface,
  type QueryRunner,
  Repository,
} from 'typeorm';
import {
  AccountModule,
  AdminModule,
  AuthModule,
  AuthSettings,
  CurrentUser,
  EntityUserStore,
  JwtAuthGuard,
  PasswordHasher,
  userTriggers,
  type AuthModuleExtras,
  type AuthUser,
  type AuthenticatedUser,
  type SettingsInput,
} from '../../../src/index.js';
import { query } from '../../support/databases.js';
import { soon } from '../../support/soon.js';
import { claimsOf } from '../../support/tokens.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

@Entity('Customers', { schema: 'crm' })
class Customer {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column({ name: 'eMail', type: 'text', unique: true })
  email: string;

  @Column({ name: 'password_hash', type: 'text', nullable: true, select: false })
  passwordHash: string | null;

  @Column({ type: 'boolean', default: true })
  enabled: boolean;

  @Column({ name: 'is_agent', type: 'boolean', default: false })
  isAgent: boolean;

  @DeleteDateColumn({ name: 'deleted_at', type: 'timestamptz' })
  deletedAt: Date | null;
}

/** Of `a good password`, in a form that is not written any more. */
const OUTDATED = 'pbkdf2_sha256$1000$salt$mG7C9/+HeAo37lLW/MMoLfndWxHfWD7uoJbp0fU5lNA=';

const TRIGGERS = userTriggers({
  table: 'crm."Customers"',
  id: 'id',
  password: 'password_hash',
  watched: ['"eMail"', 'enabled', 'is_agent', 'deleted_at'],
});

class Customers1700000001000 implements MigrationInterface {
  readonly name = 'Customers1700000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA crm;
      CREATE TABLE crm."Customers" (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        "eMail" text NOT NULL UNIQUE,
        password_hash text,
        enabled boolean NOT NULL DEFAULT true,
        is_agent boolean NOT NULL DEFAULT false,
        deleted_at timestamptz
      )`);
    await runner.query(TRIGGERS.up);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(TRIGGERS.down);
    await runner.query('DROP TABLE crm."Customers"; DROP SCHEMA crm');
  }
}

@Injectable()
class CustomerStore extends EntityUserStore<Customer> {
  constructor(@InjectRepository(Customer) customers: Repository<Customer>, settings: AuthSettings) {
    super(customers, settings, {
      username: 'email',
      password: 'passwordHash',
      isActive: 'enabled',
      isStaff: 'isAgent',
    });
  }

  /** People write their addresses in any letter case. */
  override findByUsername(email: string): Promise<AuthUser | null> {
    return super.findByUsername(email.toLowerCase());
  }
}

@Controller('orders')
class OrdersController {
  @Get()
  @UseGuards(JwtAuthGuard)
  list(@CurrentUser() user: AuthenticatedUser) {
    return { orders: [], of: user.id };
  }
}

function hostOf(
  url: string,
  settings: SettingsInput & AuthModuleExtras = {},
  migrations = [Customers1700000001000],
) {
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(url, { entities: [Customer], migrations })),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        imports: [TypeOrmModule.forFeature([Customer])],
        overrides: { userStore: CustomerStore },
        ...settings,
      }),
      AccountModule,
      AdminModule,
    ],
    controllers: [OrdersController],
  })
  class AppModule {}
  return AppModule;
}

describe('a host with users of its own', () => {
  let host: Host;
  let url: string;
  let anne: string;

  const sql = (text: string, values?: unknown[]) => query(url, text, values);
  const orders = (access: string) =>
    host.client.get('/orders', { authorization: `Bearer ${access}` });

  async function createCustomer(email: string, isAgent = false): Promise<string> {
    const hash = await host.app.get(PasswordHasher).hash('correct horse');
    const [row] = await sql(
      `INSERT INTO crm."Customers" ("eMail", password_hash, is_agent) VALUES ($1, $2, $3) RETURNING id`,
      [email, hash, isAgent],
    );
    return String(row!['id']);
  }

  /** The promise is a second. */
  async function untilOrders(access: string, status: number): Promise<void> {
    expect((await soon(status, () => orders(access))).status).toBe(status);
  }

  beforeAll(async () => {
    url = await hostDatabase('customers');
    host = await startHost(hostOf(url));
  });
  afterAll(stopHosts);

  beforeEach(async () => {
    await sql('TRUNCATE crm."Customers"');
    anne = await createCustomer('anne@example.com');
  });

  it('logs in by e-mail in any letter case, and names the UUID', async () => {
    const { access } = await host.client.login('Anne@Example.com', 'correct horse');
    expect(claimsOf(access)).toMatchObject({ user_id: anne });
    expect((await orders(access)).body).toEqual({ orders: [], of: anne });
    expect((await host.client.me(access)).body).toMatchObject({
      id: anne,
      username: 'anne@example.com',
    });
  });

  it('refuses wrong passwords, unknown addresses and customers without a password alike', async () => {
    await sql(`INSERT INTO crm."Customers" ("eMail") VALUES ('social@example.com')`);
    for (const [email, password] of [
      ['anne@example.com', 'wrong'],
      ['nobody@example.com', 'correct horse'],
      ['social@example.com', '!'],
    ] as const) {
      const answer = await host.client.obtain(email, password);
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({ detail: 'No active account found with the given credentials' });
    }
  });

  it('keeps sessions: refreshes, lists and ends them', async () => {
    const first = await host.client.login('anne@example.com', 'correct horse');
    const second = await host.client.login('anne@example.com', 'correct horse');
    const next = (await host.client.refresh(first.refresh)).body;
    expect(claimsOf(next.refresh)).toMatchObject({ user_id: anne, gen: 1 });
    const authorization = `Bearer ${next.access}`;
    const listed = await host.client.get<{ id: string }[]>('/sessions', { authorization });
    expect(listed.body).toHaveLength(2);
    await host.client.send('DELETE', '/sessions', undefined, { authorization });
    await untilOrders(second.access, 401);
    expect((await orders(next.access)).status).toBe(200);
    expect((await host.client.blacklist(next.refresh)).status).toBe(200);
    await untilOrders(next.access, 401);
  });

  it.each([
    ['is deactivated', 'UPDATE crm."Customers" SET enabled = false WHERE id = $1'],
    ['is deleted', 'DELETE FROM crm."Customers" WHERE id = $1'],
    ['is deleted softly', 'UPDATE crm."Customers" SET deleted_at = now() WHERE id = $1'],
    ['gets another password', `UPDATE crm."Customers" SET password_hash = 'x' WHERE id = $1`],
    ['vanishes with all others', `TRUNCATE crm."Customers"`],
  ])('refuses a customer who %s by plain SQL, within a second', async (_what, change) => {
    const { access, refresh } = await host.client.login('anne@example.com', 'correct horse');
    expect((await orders(access)).status).toBe(200);
    await sql(change, change.includes('$1') ? [anne] : []);
    await untilOrders(access, 401);
    expect((await host.client.refresh(refresh)).status).toBe(401);
  });

  it('lets the sessions of a customer live again who is activated again', async () => {
    const { access, refresh } = await host.client.login('anne@example.com', 'correct horse');
    await sql('UPDATE crm."Customers" SET enabled = false');
    await untilOrders(access, 401);
    await sql('UPDATE crm."Customers" SET enabled = true');
    await untilOrders(access, 200);
    expect((await host.client.refresh(refresh)).status).toBe(200);
  });

  it('changes passwords and ends all other sessions', async () => {
    const other = await host.client.login('anne@example.com', 'correct horse');
    const mine = await host.client.login('anne@example.com', 'correct horse');
    const answer = await host.client.post(
      '/users/me/password',
      { old_password: 'correct horse', new_password: 'battery staple' },
      { authorization: `Bearer ${mine.access}` },
    );
    expect(answer.status).toBe(204);
    await untilOrders(other.access, 401);
    expect((await orders(mine.access)).status).toBe(200);
    expect((await host.client.obtain('anne@example.com', 'correct horse')).status).toBe(401);
    expect((await host.client.obtain('anne@example.com', 'battery staple')).status).toBe(200);
  });

  it('stores an outdated hash anew, and keeps the sessions', async () => {
    const { access } = await host.client.login('anne@example.com', 'correct horse');
    await sql(
      `UPDATE crm."Customers" SET password_hash = $1
       FROM (SELECT set_config('nest_simplejwt.keep_sessions', 'all', true) AS value) AS keep
       WHERE keep.value IS NOT NULL`,
      [OUTDATED],
    );
    await host.client.login('anne@example.com', 'a good password');
    const [row] = await sql('SELECT password_hash FROM crm."Customers"');
    expect(row!['password_hash']).toMatch(/^argon2\$/);
    expect((await orders(access)).status).toBe(200);
  });

  it('lets agents administer customers by their UUIDs', async () => {
    await createCustomer('agent@example.com', true);
    const agent = await host.client.login('agent@example.com', 'correct horse');
    const { access } = await host.client.login('anne@example.com', 'correct horse');
    const authorization = `Bearer ${agent.access}`;
    const path = `/admin/users/${anne}`;
    const listed = await host.client.get(`${path}/sessions`, { authorization });
    expect(listed.body).toHaveLength(1);
    expect(
      (await host.client.post(`${path}/deactivate`, undefined, { authorization })).status,
    ).toBe(204);
    await untilOrders(access, 401);
    for (const id of ['1', 'x', anne.toUpperCase(), '%00']) {
      const answer = await host.client.get(`/admin/users/${id}/sessions`, { authorization });
      expect(answer.status).toBe(404);
    }
  });

  it('reads nothing from the database for a request whose token is known', async () => {
    const { access } = await host.client.login('anne@example.com', 'correct horse');
    await orders(access);
    await sql('ALTER TABLE crm."Customers" RENAME TO "Hidden"');
    try {
      expect((await orders(access)).status).toBe(200);
    } finally {
      await sql('ALTER TABLE crm."Hidden" RENAME TO "Customers"');
    }
  });
});

describe('a host whose user table is not watched', () => {
  class Unwatched1700000001000 extends Customers1700000001000 {
    override async up(runner: QueryRunner): Promise<void> {
      await super.up(runner);
      await runner.query('DROP TRIGGER auth_user_changed ON crm."Customers"');
      await runner.query(
        userTriggers({
          table: 'crm."Customers"',
          id: 'id',
          password: 'password_hash',
          watched: ['"eMail"', 'is_agent', 'deleted_at'],
        }).up.split(';')[0]!,
      );
    }
  }

  class Bare1700000001000 extends Customers1700000001000 {
    override async up(runner: QueryRunner): Promise<void> {
      await super.up(runner);
      await runner.query(TRIGGERS.down);
    }
  }

  /** Another application's functions of the same names, which tell another feed. */
  class Strange1700000001000 extends Customers1700000001000 {
    override async up(runner: QueryRunner): Promise<void> {
      await super.up(runner);
      await runner.query(TRIGGERS.down);
      await runner.query(`CREATE SCHEMA shop;
        CREATE FUNCTION shop.auth_user_changed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE FUNCTION shop.auth_user_password_changed() RETURNS trigger LANGUAGE plpgsql
          AS 'BEGIN RETURN NULL; END'`);
      await runner.query(
        TRIGGERS.up.replaceAll('EXECUTE FUNCTION auth_', 'EXECUTE FUNCTION shop.auth_'),
      );
    }
  }

  afterEach(stopHosts);

  it('does not start when its triggers call functions of the same name in another schema', async () => {
    const url = await hostDatabase('unwatched');
    await expect(startHost(hostOf(url, {}, [Strange1700000001000]))).rejects.toThrow(
      /"Customers" call shop\.auth_user_(password_)?changed of another schema, .* functions in public write: .*search_path = public: userTriggers\(/,
    );
  });

  it('does not start when the triggers of sessions are disabled, and is told how to enable them', async () => {
    const url = await hostDatabase('unwatched');
    await startHost(hostOf(url));
    await stopHosts();
    await query(url, 'ALTER TABLE auth_session DISABLE TRIGGER USER');
    await expect(startHost(hostOf(url))).rejects.toThrow(
      'ALTER TABLE auth_session ENABLE TRIGGER USER',
    );
  });

  it.each([
    ['has no triggers', Bare1700000001000],
    ['has triggers that miss a column', Unwatched1700000001000],
  ])('does not start when it %s, and is told what to write', async (_what, migration) => {
    const url = await hostDatabase('unwatched');
    await expect(startHost(hostOf(url, {}, [migration]))).rejects.toThrow(
      /The table "crm"\."Customers" lacks triggers .*userTriggers\(.*"enabled/,
    );
  });

  it('can undo its migration', async () => {
    const url = await hostDatabase('unwatched');
    const { app } = await startHost(hostOf(url));
    const { DataSource } = await import('typeorm');
    await app.get(DataSource).undoLastMigration();
    const left = await query(
      url,
      `SELECT tgname FROM pg_trigger WHERE tgname ~ '^auth_user'
      AND tgrelid <> 'auth_user'::regclass`,
    );
    expect(left).toEqual([]);
  });
});
