import {
  Controller,
  HttpCode,
  Injectable,
  Module,
  Post,
  UseGuards,
  type Type,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  Column,
  Entity,
  PrimaryGeneratedColumn,
  Repository,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import {
  AccountModule,
  AuthModule,
  AuthSettings,
  EntityUserStore,
  LocalAuthGuard,
  PasswordHasher,
  userTriggers,
  type AuthUser,
  type SettingsInput,
  type UserStore,
} from '../../src/index.js';
import {
  PLATFORMS,
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Host,
  type Platform,
} from '../e2e/hosts/host.js';
import { query } from '../support/databases.js';

jest.setTimeout(60_000);

const LIMIT = 3;

@Entity('member')
class Member {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column({ type: 'text', unique: true })
  name: string;

  @Column({ type: 'citext', unique: true })
  email: string;

  @Column({ type: 'text' })
  password: string;
}

const TRIGGERS = userTriggers({
  table: 'member',
  id: 'id',
  password: 'password',
  watched: ['name', 'email'],
});

class Members1700000001000 implements MigrationInterface {
  readonly name = 'Members1700000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE EXTENSION IF NOT EXISTS citext;
      CREATE TABLE member (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name text NOT NULL UNIQUE,
        email citext NOT NULL UNIQUE,
        password text NOT NULL
      )`);
    await runner.query(TRIGGERS.up);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(TRIGGERS.down);
    await runner.query('DROP TABLE member');
  }
}

/** Names in small letters, whatever is typed: the shipped example does so. */
@Injectable()
class FoldingStore extends EntityUserStore<Member> {
  constructor(@InjectRepository(Member) members: Repository<Member>, settings: AuthSettings) {
    super(members, settings, { username: 'name', password: 'password' });
  }

  override findByUsername(name: string): Promise<AuthUser | null> {
    return super.findByUsername(name.toLowerCase());
  }
}

/** The column folds. */
@Injectable()
class CitextStore extends EntityUserStore<Member> {
  constructor(@InjectRepository(Member) members: Repository<Member>, settings: AuthSettings) {
    super(members, settings, { username: 'email', password: 'password' });
  }
}

/** Either will do. */
@Injectable()
class EitherStore extends EntityUserStore<Member> {
  constructor(@InjectRepository(Member) members: Repository<Member>, settings: AuthSettings) {
    super(members, settings, { username: 'name', password: 'password' });
  }

  override async findByUsername(text: string): Promise<AuthUser | null> {
    const member = await this.users.findOneBy({ email: text });
    return super.findByUsername(member?.name ?? text);
  }
}

@Controller('local')
class LocalController {
  @Post('ours')
  @HttpCode(200)
  @UseGuards(LocalAuthGuard)
  ours(): object {
    return {};
  }

  @Post('passport')
  @HttpCode(200)
  @UseGuards(AuthGuard('local'))
  passport(): object {
    return {};
  }
}

async function startWith(
  userStore: Type<UserStore>,
  platform: Platform = 'fastify',
  settings: SettingsInput = {},
): Promise<{ host: Host; url: string }> {
  const url = await hostDatabase('spellings');
  @Module({
    imports: [
      TypeOrmModule.forRoot(
        hostTypeOrm(url, { entities: [Member], migrations: [Members1700000001000] }),
      ),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        imports: [TypeOrmModule.forFeature([Member])],
        overrides: { userStore },
        authenticationClasses: ['JWTAuthentication', 'BasicAuthentication'],
        loginLimit: `${LIMIT}/15m`,
        ...settings,
      }),
      AccountModule,
    ],
    controllers: [LocalController],
  })
  class AppModule {}
  const host = await startHost(AppModule, { platform });
  const hash = await host.app.get(PasswordHasher).hash('correct horse');
  await query(url, `INSERT INTO member (name, email, password) VALUES ('anne', 'anne@x.y', $1)`, [
    hash,
  ]);
  return { host, url };
}

afterEach(stopHosts);

it.each([
  ['a store that folds names', FoldingStore, ['anne', 'Anne', 'ANNE', 'aNNe', 'annE']],
  ['a column that folds names', CitextStore, ['anne@x.y', 'Anne@x.y', 'anne@X.Y', 'ANNE@x.y']],
  ['names and addresses', EitherStore, ['anne', 'anne@x.y', 'ANNE@x.y', ' anne', 'Anne@X.y ']],
] as const)(
  'a guesser gets no more attempts by other spellings: %s',
  async (_what, store, names) => {
    const { host, url } = await startWith(store);
    const statuses: number[] = [];
    for (const name of names) statuses.push((await host.client.obtain(name, 'wrong')).status);
    expect(statuses).toEqual(names.map((_, index) => (index < LIMIT ? 401 : 429)));
    for (const name of names) {
      expect((await host.client.obtain(name, 'correct horse')).status).toBe(429);
    }
    expect((await query(url, `SELECT FROM auth_attempt WHERE key LIKE 'account:%'`)).length).toBe(
      1,
    );
  },
);

it('a guesser gets no more attempts by typing the key of a user as a name', async () => {
  const { host, url } = await startWith(FoldingStore);
  const [anne] = await query<{ id: string }>(url, 'SELECT id FROM member');
  for (let time = 0; time < LIMIT; time += 1) await host.client.obtain(anne!.id, 'wrong');
  expect((await host.client.obtain(anne!.id, 'wrong')).status).toBe(429);
  expect((await host.client.obtain('anne', 'correct horse')).status).toBe(200);
});

it.each(PLATFORMS)('a guesser gets no more attempts at another door: %s', async (platform) => {
  const { host } = await startWith(FoldingStore, platform, { loginLimit: '5/15m' });
  const doors = (username: string, password: string): Promise<number>[] =>
    [
      host.client.obtain(username, password),
      host.client.post('/login/simpleJWT/sliding', { username, password }),
      host.client.post('/local/ours', { username, password }),
      host.client.post('/local/passport', { username, password }),
      host.client.get('/users/me', {
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      }),
    ].map(async (answer) => (await answer).status);
  expect(await Promise.all(doors('Anne', 'wrong'))).toEqual([401, 401, 401, 401, 401]);
  expect(await Promise.all(doors('anne', 'correct horse'))).toEqual([429, 429, 429, 429, 429]);
});
