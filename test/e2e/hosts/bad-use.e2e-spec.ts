import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn, type Repository } from 'typeorm';
import { getRepositoryToken } from '@nestjs/typeorm';
import {
  AUTH_ENTITIES,
  AuthModule,
  AuthSettings,
  ConfigError,
  EntityUserStore,
  RefreshTokenLedger,
  UserStore,
  type AuthOverrides,
  type SettingsInput,
} from '../../../src/index.js';
import { dropDatabases } from '../../support/databases.js';
import { query } from '../../support/databases.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts } from './host.js';

jest.setTimeout(30_000);

/** Starts a host of these modules, and gives what it says instead of starting. */
async function refusalOf(...imports: (Type | DynamicModule)[]): Promise<unknown> {
  @Module({ imports })
  class AppModule {}
  try {
    await startHost(AppModule);
  } catch (error) {
    return error;
  } finally {
    await stopHosts();
  }
  return 'it started';
}

let url: string;
const auth = (options: SettingsInput & { overrides?: AuthOverrides } = {}): DynamicModule =>
  AuthModule.forRoot({ signingKey: SIGNING_KEY, ...options });
const database = (other: Partial<TypeOrmModuleOptions> = {}): DynamicModule =>
  TypeOrmModule.forRoot({
    ...hostTypeOrm(url),
    // Nobody closes the connections of an application that did not come to be.
    extra: { allowExitOnIdle: true },
    ...other,
  } as TypeOrmModuleOptions);

beforeAll(async () => {
  url = await hostDatabase('misused');
});
afterAll(() => dropDatabases('host_misused'));

describe('a host does not start', () => {
  it('with two AuthModules, and is told where to import it', async () => {
    @Module({ imports: [auth({ accessTokenLifetime: '1m' })] })
    class OrdersModule {}
    const refusal = await refusalOf(database(), auth(), OrdersModule);
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(String(refusal)).toContain(
      'AuthModule.forRoot() is imported 2 times. Import it once, in the root module',
    );
  });

  it('without AUTH_ENTITIES, and is told to name them', async () => {
    const refusal = await refusalOf(database({ entities: [] }), auth());
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(String(refusal)).toContain('entities: [...AUTH_ENTITIES, Own]');
  });

  it('with some of AUTH_ENTITIES, and is told which it lacks', async () => {
    const entities = AUTH_ENTITIES.filter(({ name }) => name !== 'Session');
    const refusal = await refusalOf(database({ entities }), auth());
    expect(String(refusal)).toContain('The DataSource lacks entities (Session)');
  });

  it('on a database without the tables, and is told how they are made', async () => {
    const bare = { url: await hostDatabase('misused_bare'), migrationsRun: false };
    const refusal = await refusalOf(database(bare), auth());
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(String(refusal)).toMatch(/lacks tables .*auth_session.*migrationsRun: true/);
  });

  it('on a database of another isolation, and is told how to take that back', async () => {
    const strict = await hostDatabase('misused_strict');
    const name = new URL(strict).pathname.slice(1);
    await query(
      strict,
      `ALTER DATABASE "${name}" SET default_transaction_isolation = 'repeatable read'`,
    );
    const refusal = await refusalOf(database({ url: strict }), auth());
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(String(refusal)).toContain('RESET default_transaction_isolation');
  });

  it('with misspelt settings, and is told which were meant', async () => {
    const misspelt = { acessTokenLifetime: '1m', SIGNING_KEY, nonsense: 1 } as SettingsInput;
    const refusal = await refusalOf(database(), auth(misspelt));
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as ConfigError).problems).toEqual([
      'acessTokenLifetime is not a setting. Did you mean accessTokenLifetime?',
      'SIGNING_KEY is not a setting. Did you mean signingKey?',
      'nonsense is not a setting.',
    ]);
  });

  it('with misspelt settings out of a factory', async () => {
    const refusal = await refusalOf(
      database(),
      AuthModule.forRootAsync({
        useFactory: () => ({ signingKey: SIGNING_KEY, leway: '5s' }) as SettingsInput,
      }),
    );
    expect(String(refusal)).toContain('leway is not a setting. Did you mean leeway?');
  });

  it('with no signing key, and never shows a wrong one', async () => {
    const missing = await refusalOf(database(), AuthModule.forRoot({}));
    expect(missing).toBeInstanceOf(ConfigError);
    expect(String(missing)).toMatch(
      /signingKey is not set.* Example: AuthModule\.forRoot\(\{ signingKey: .*openssl rand/,
    );
    expect(String(missing)).not.toContain('weak');
    const weak = await refusalOf(database(), AuthModule.forRoot({ signingKey: 'too-weak-secret' }));
    expect(weak).toBeInstanceOf(ConfigError);
    expect(String(weak)).not.toContain('too-weak-secret');
  });

  it.each<[string, SettingsInput, string]>([
    [
      'an access token that outlives its refresh token',
      { accessTokenLifetime: '2d' },
      'accessTokenLifetime is longer than refreshTokenLifetime',
    ],
    [
      'rotation without an end of spent tokens',
      { blacklistAfterRotation: false },
      'blacklistAfterRotation must be true with rotateRefreshTokens and the session ledger',
    ],
    [
      'session checks with the Django ledger',
      { ledger: 'django' },
      'checkSession needs the session ledger, and ledger is django',
    ],
    [
      'a user id claim that is another claim',
      { userIdClaim: 'sid' },
      'userIdClaim has the same name',
    ],
  ])('with %s', async (_what, settings, problem) => {
    const refusal = await refusalOf(database(), auth(settings));
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(String(refusal)).toContain(problem);
  });
});

describe('overrides do not start', () => {
  class Elsewhere extends UserStore {
    override readonly table = {
      name: 'elsewhere',
      id: 'id',
      idType: 'uuid',
      username: 'name',
      password: 'hash',
      isActive: null,
      isStaff: null,
      tokenId: 'id',
    };
    override findByUsername = () => Promise.resolve(null);
    override findById = () => Promise.resolve(null);
    override findByTokenId = () => Promise.resolve(null);
    override upgradePassword = () => Promise.resolve(false);
    override changePassword = () => Promise.resolve(false);
    override judgeStaffAct = () => Promise.resolve('not_allowed' as const);
    override setActive = () => Promise.resolve('not_allowed' as const);
    override recordLogin = () => Promise.resolve();
  }
  const userStore = { useFactory: () => new Elsewhere() };

  it('under a misspelt name', () => {
    expect(() => auth({ overrides: { userStor: Elsewhere } as AuthOverrides })).toThrow(
      'overrides.userStor is not known. Did you mean userStore?',
    );
  });

  it.each([null, 'CustomerStore', {}])('when they are %j', (value) => {
    const overrides = { userStore: value } as unknown as AuthOverrides;
    expect(() => auth({ overrides })).toThrow(
      'overrides.userStore is neither a class nor a provider',
    );
  });

  it("where users of their own meet Django's tables", async () => {
    const refusal = await refusalOf(
      database(),
      auth({
        profile: 'parity',
        authenticationClasses: ['TokenAuthentication'],
        overrides: { userStore },
      }),
    );
    expect((refusal as ConfigError).problems).toEqual([
      expect.stringContaining(
        "overrides.userStore needs the session ledger: Django's token tables",
      ),
      expect.stringContaining('overrides.userStore cannot be used with TokenAuthentication'),
    ]);
  });

  it('where a ledger of their own meets session checks', async () => {
    const ledger = { useValue: Object.create(RefreshTokenLedger.prototype) as RefreshTokenLedger };
    const refusal = await refusalOf(database(), auth({ overrides: { ledger } }));
    expect(String(refusal)).toContain('overrides.ledger needs checkSession: false');
  });
});

describe('an entity cannot hold users', () => {
  @Entity('two_keys')
  class TwoKeys {
    @PrimaryColumn('integer') tenant: number;
    @PrimaryColumn('integer') id: number;
    @Column('text') name: string;
    @Column('text') hash: string;
  }
  @Entity('dated')
  class Dated {
    @PrimaryColumn('date') id: string;
    @Column('text') name: string;
    @Column('text') hash: string;
  }
  @Entity('worded')
  class Worded {
    @PrimaryGeneratedColumn('uuid') id: string;
    @Column('text') name: string;
    @Column('text') hash: string;
    @Column('text') status: string;
  }
  type Named = Worded;

  const storeOf = (entity: Type, extra: object = {}): AuthOverrides => ({
    userStore: {
      inject: [getRepositoryToken(entity), AuthSettings],
      useFactory: (users: Repository<Named>, settings: AuthSettings) =>
        new (class extends EntityUserStore<Named> {})(users, settings, {
          username: 'name',
          password: 'hash',
          ...extra,
        }),
    },
  });

  it.each<[string, Type, object, SettingsInput, string]>([
    ['with two keys', TwoKeys, {}, {}, 'must have one primary key column'],
    ['with a key of an unusual type', Dated, {}, {}, 'has a primary key of the type date'],
    [
      'whose status is no boolean',
      Worded,
      { isActive: 'status' },
      {},
      'has a property status of the type text, where a boolean is needed',
    ],
    [
      'without a named property',
      Worded,
      { isStaff: 'boss' },
      {},
      'has no column for the property boss',
    ],
    ['without the USER_ID_FIELD', Worded, {}, { userIdField: 'email' }, 'has no property `email`'],
  ])('%s', async (_what, entity, extra, settings, problem) => {
    const refusal = await refusalOf(
      database({ entities: [...AUTH_ENTITIES, entity] }),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        ...settings,
        imports: [TypeOrmModule.forFeature([entity])],
        overrides: storeOf(entity, extra),
      }),
    );
    expect(refusal).toBeInstanceOf(ConfigError);
    expect(String(refusal)).toContain(problem);
  });

  it('that the DataSource lacks', async () => {
    const refusal = await refusalOf(
      database(),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        imports: [TypeOrmModule.forFeature([Worded])],
        overrides: storeOf(Worded),
      }),
    );
    expect(String(refusal)).toContain('The DataSource lacks the entity Worded');
  });
});
