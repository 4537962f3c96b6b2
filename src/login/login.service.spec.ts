import type { RequestContext } from '../common/request-context.js';
import { fromOptions, resolveSettings } from '../config/resolve-settings.js';
import { LoginThrottle } from '../throttling/login-throttle.js';
import { PasswordHasher, type CandidateCheck } from '../passwords/password-hasher.js';
import { UserAuthenticationRule } from '../users/user-authentication-rule.js';
import type { StaffVerdict } from '../users/domain/standing.js';
import { UserStore, type AuthUser } from '../users/user-store.js';
import { FakeClock } from '../../test/support/fake-clock.js';
import { MemoryRateLimitStore } from '../../test/support/memory-rate-limit-store.js';
import { MemoryKnownClients } from '../../test/support/memory-known-clients.js';
import { OneDecoy } from '../../test/support/one-decoy.js';
import { LoginHooks } from './login-hooks.js';
import { LoginPolicy } from './login-policy.js';
import { LoginService } from './login.service.js';

const CLIENT: RequestContext = { ip: '203.0.113.7', userAgent: 'test' };

const user = (id: number, username: string, password: string, isActive = true): AuthUser => ({
  id,
  username,
  password,
  isActive,
  isStaff: false,
  tokenId: id,
});

/** Keeps passwords in clear; `old:` before one marks an outdated hash. */
class ClearHasher extends PasswordHasher {
  checks = 0;

  override async verifyAny(
    candidates: readonly string[],
    encoded: string,
  ): Promise<CandidateCheck> {
    this.checks += 1;
    const candidate = candidates.find((text) => encoded.replace('old:', '') === text) ?? null;
    const matches = candidate !== null;
    return { matches, candidate, needsUpgrade: matches && encoded.startsWith('old:') };
  }

  override async hash(password: string): Promise<string> {
    return password;
  }
}

class MemoryUsers extends UserStore {
  override readonly table = {
    name: '',
    id: '',
    idType: '',
    username: '',
    password: '',
    isActive: '',
    isStaff: '',
    tokenId: '',
  };
  readonly upgraded: string[] = [];

  constructor(private readonly users: readonly AuthUser[]) {
    super();
  }

  override async findByUsername(username: string): Promise<AuthUser | null> {
    return this.users.find((one) => one.username === username) ?? null;
  }

  override async findById(): Promise<AuthUser | null> {
    return null;
  }

  override async findByTokenId(): Promise<AuthUser | null> {
    return null;
  }

  override async upgradePassword(one: AuthUser): Promise<boolean> {
    this.upgraded.push(one.username);
    return true;
  }

  override async changePassword(): Promise<boolean> {
    return false;
  }

  override async judgeStaffAct(): Promise<StaffVerdict> {
    return 'not_allowed';
  }

  override async setActive(): Promise<StaffVerdict> {
    return 'not_allowed';
  }

  override async recordLogin(): Promise<void> {}
}

class RecordingHooks extends LoginHooks {
  readonly failed: unknown[] = [];

  override async onLoginFailed(...seen: [string, RequestContext]): Promise<void> {
    this.failed.push(seen);
  }
}

describe('LoginService', () => {
  const clock = new FakeClock(0);
  let hasher: ClearHasher;
  let users: MemoryUsers;
  let hooks: RecordingHooks;
  let login: LoginService;

  beforeEach(() => {
    hasher = new ClearHasher();
    users = new MemoryUsers([
      user(1, 'alice', 'right'),
      user(2, 'bob', 'old:right'),
      user(3, 'carol', 'right', false),
      user(4, 'dave', 'right'),
    ]);
    const settings = resolveSettings(
      fromOptions({
        signingKey: 'a signing key of the tests: 0123456789',
        loginLimit: '2/15m',
        loginLimitAddress: null,
      }),
    );
    class NotDave extends UserAuthenticationRule {
      override async allows({ username }: AuthUser): Promise<boolean> {
        return username !== 'dave';
      }
    }
    hooks = new RecordingHooks(users, clock);
    login = new LoginService(
      users,
      hasher,
      new OneDecoy(),
      new LoginPolicy(new NotDave(settings), users),
      new LoginThrottle(settings, new MemoryRateLimitStore(clock), new MemoryKnownClients()),
      hooks,
    );
  });

  it('tells the hook of every refused log-in by name, and of no other', async () => {
    await login.login('alice', 'right', CLIENT);
    for (const name of ['alice', 'nobody', 'carol', 'dave']) {
      const password = name === 'alice' ? 'wrong' : 'right';
      await expect(login.login(name, password, CLIENT)).rejects.toMatchObject({
        code: 'no_active_account',
      });
    }
    expect(await login.findUser('alice', 'wrong', CLIENT)).toBeNull();
    expect(hooks.failed).toEqual(
      ['alice', 'nobody', 'carol', 'dave', 'alice'].map((name) => [name, CLIENT]),
    );
  });

  it.each([
    ['a wrong password', 'alice', 'wrong'],
    ['an unknown name', 'nobody', 'right'],
    ['an inactive user', 'carol', 'right'],
    ['a user whom the rule refuses', 'dave', 'right'],
  ])('counts %s alike', async (_, name, password) => {
    for (let time = 0; time < 2; time += 1) {
      await expect(login.login(name, password, CLIENT)).rejects.toMatchObject({ status: 401 });
    }
    const before = hasher.checks;
    await expect(login.login(name, 'right', CLIENT)).rejects.toMatchObject({ status: 429 });
    expect(hasher.checks).toBe(before);
  });

  it('stores an outdated hash anew, but for nobody whom the limit refuses', async () => {
    await login.login('bob', 'right', CLIENT);
    expect(users.upgraded).toEqual(['bob']);
    const attempts = [login.login('bob', 'wrong', CLIENT), login.login('bob', 'wrong', CLIENT)];
    const late = login.login('bob', 'right', CLIENT);
    await Promise.allSettled(attempts);
    await expect(late).rejects.toMatchObject({ code: 'throttled' });
    expect(users.upgraded).toEqual(['bob']);
  });
});
