import { scrypt as scryptCallback, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AccountModule,
  AuthModule,
  DjangoPasswordHasher,
  PasswordHasher,
  UsersService,
  type CandidateCheck,
} from '../../../src/index.js';
import { query } from '../../support/databases.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts, type Host } from './host.js';

jest.setTimeout(30_000);

const scrypt = promisify<string, Buffer, number, Buffer>(scryptCallback);
const BYTES = 32;

/** Writes scrypt, and still reads whatever Django has written. */
@Injectable()
class ScryptHasher extends PasswordHasher {
  private readonly django = new DjangoPasswordHasher({ preferred: 'pbkdf2_sha256' });

  override async verifyAny(
    candidates: readonly string[],
    encoded: string,
  ): Promise<CandidateCheck> {
    const [form, salt, hash] = encoded.split('$');
    if (form !== 'host_scrypt' || salt === undefined || hash === undefined) {
      const check = await this.django.verifyAny(candidates, encoded);
      return { ...check, needsUpgrade: check.matches };
    }
    for (const candidate of new Set(candidates)) {
      const made = await scrypt(candidate, Buffer.from(salt, 'base64'), BYTES);
      if (timingSafeEqual(made, Buffer.from(hash, 'base64'))) {
        return { matches: true, needsUpgrade: false, candidate };
      }
    }
    return { matches: false, needsUpgrade: false, candidate: null };
  }

  override async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const hash = await scrypt(password, salt, BYTES);
    return `host_scrypt$${salt.toString('base64')}$${hash.toString('base64')}`;
  }
}

describe('a password hasher of the host', () => {
  let host: Host;
  let url: string;

  beforeAll(async () => {
    url = await hostDatabase('hasher');
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(url)),
        AuthModule.forRoot({
          signingKey: SIGNING_KEY,
          overrides: { passwordHasher: ScryptHasher },
        }),
        AccountModule,
      ],
    })
    class AppModule {}
    host = await startHost(AppModule);
  });
  afterAll(stopHosts);

  const stored = async (): Promise<unknown> =>
    (await query(url, `SELECT password FROM auth_user WHERE username = 'alice'`))[0]!['password'];

  it('is what everything else injects', () => {
    expect(host.app.get(PasswordHasher)).toBe(host.app.get(ScryptHasher));
  });

  it('takes the hashes that were there over at log-in', async () => {
    const django = new DjangoPasswordHasher({ preferred: 'pbkdf2_sha256' });
    const users = host.app.get(UsersService, { strict: false });
    const password = await django.hash('correct horse');
    await users.createMissing({ username: 'alice', password });
    const { refresh } = await host.client.login('alice', 'correct horse');
    expect(await stored()).toMatch(/^host_scrypt\$/);
    expect((await host.client.refresh(refresh)).status).toBe(200);
    expect((await host.client.obtain('alice', 'wrong')).status).toBe(401);
  });

  it('hashes the password that a user chooses', async () => {
    const { access } = await host.client.login('alice', 'correct horse');
    const answer = await host.client.post(
      '/users/me/password',
      { old_password: 'correct horse', new_password: 'battery staple' },
      { authorization: `Bearer ${access}` },
    );
    expect(answer.status).toBe(204);
    expect(await stored()).toMatch(/^host_scrypt\$/);
    await host.client.login('alice', 'battery staple');
  });
});
