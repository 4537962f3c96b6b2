import { Injectable, Module } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Column, Entity, PrimaryColumn, Repository, type QueryRunner } from 'typeorm';
import {
  AccountModule,
  AuthModule,
  AuthSettings,
  EntityUserStore,
  PasswordHasher,
  userTriggers,
} from '../../../src/index.js';
import { query } from '../../support/databases.js';
import { soon } from '../../support/soon.js';
import { claimsOf } from '../../support/tokens.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

/** A number of JavaScript would round it. */
const LONG_ID = '9007199254740993';

@Entity('member')
class Member {
  @PrimaryColumn({ name: 'memberNo', type: 'bigint' })
  memberNo: string;

  @Column({ type: 'varchar', length: 30 })
  nick: string;

  @Column({ type: 'text' })
  hash: string;
}

class Members1700000001000 {
  readonly name = 'Members1700000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE member ("memberNo" bigint PRIMARY KEY, nick varchar(30) UNIQUE, hash text)',
    );
    const table = { table: 'member', id: '"memberNo"', password: 'hash', watched: ['nick'] };
    await runner.query(userTriggers(table).up);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE member');
  }
}

@Injectable()
class MemberStore extends EntityUserStore<Member> {
  constructor(@InjectRepository(Member) members: Repository<Member>, settings: AuthSettings) {
    super(members, settings, { username: 'nick', password: 'hash' });
  }
}

describe('users with keys of 64 bits, without a status', () => {
  let host: Host;
  let url: string;

  beforeAll(async () => {
    url = await hostDatabase('members');
    const members = { entities: [Member], migrations: [Members1700000001000] };
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url, members)),
        AuthModule.forRoot({
          signingKey: SIGNING_KEY,
          imports: [TypeOrmModule.forFeature([Member])],
          overrides: { userStore: MemberStore },
        }),
        AccountModule,
      ],
    })
    class AppModule {}
    host = await startHost(AppModule);
    const hash = await host.app.get(PasswordHasher).hash('correct horse');
    await query(url, 'INSERT INTO member VALUES ($1, $2, $3)', [LONG_ID, 'nick', hash]);
  });
  afterAll(stopHosts);

  it('keep every digit in tokens, in the guard and through a refresh', async () => {
    const first = await host.client.login('nick', 'correct horse');
    expect(claimsOf(first.access)['user_id']).toBe(LONG_ID);
    expect((await host.client.me(first.access)).body).toMatchObject({ id: LONG_ID });
    const next = await host.client.refresh(first.refresh);
    expect(next.status).toBe(200);
    expect((await host.client.me(next.body.access)).body).toMatchObject({ id: LONG_ID });
  });

  it('are refused within a second when their password is changed by plain SQL', async () => {
    const { access } = await host.client.login('nick', 'correct horse');
    expect((await host.client.me(access)).status).toBe(200);
    await query(url, `UPDATE member SET hash = 'x'`);
    expect((await soon(401, () => host.client.me(access))).status).toBe(401);
  });
});
