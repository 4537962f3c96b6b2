import {
  Controller,
  Get,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { CacheInterceptor, CacheModule } from '@nestjs/cache-manager';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { of, tap, type Observable } from 'rxjs';
import { DataSource } from 'typeorm';
import { AccountModule, AdminModule, HealthModule, JwksModule } from '../../src/index.js';
import {
  PASSWORD,
  bearer,
  createUser,
  hostModule,
  startGuardedHost,
  type GuardedHost,
} from '../e2e/contexts/guarded-host.js';
import { PLATFORMS, stopHosts } from '../e2e/hosts/host.js';
import type { Pair } from '../support/client.js';
import { LogLines } from '../support/log-lines.js';
import { claimsOf } from '../support/tokens.js';

jest.setTimeout(60_000);

@Controller()
class CountingController {
  private count = 0;

  @Get('count')
  next() {
    return { count: (this.count += 1) };
  }
}

/** As hosts write them: whatever the method, by the path alone. */
@Injectable()
class EverythingInterceptor extends CacheInterceptor {
  protected override trackBy(context: ExecutionContext): string {
    return context.switchToHttp().getRequest<{ url: string }>().url;
  }
}

/** Of the host's own making. */
@Injectable()
class OwnCacheInterceptor implements NestInterceptor {
  private readonly answers = new Map<string, unknown>();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    if (this.answers.has(url)) return of(this.answers.get(url));
    return next.handle().pipe(tap((answer) => this.answers.set(url, answer)));
  }
}

interface CachingHost extends GuardedHost {
  readonly bob: Pair;
  /** Staff. */
  readonly carol: Pair;
}

const log = new LogLines();

async function startCachingHost(
  platform: (typeof PLATFORMS)[number],
  interceptor: Type<NestInterceptor>,
): Promise<CachingHost> {
  const module = await hostModule(`cache_${platform}`, {
    imports: [
      CacheModule.register({ isGlobal: true, ttl: 60_000 }),
      AccountModule,
      AdminModule,
      HealthModule,
      JwksModule,
    ],
    controllers: [CountingController],
    providers: [{ provide: APP_INTERCEPTOR, useClass: interceptor }],
  });
  const host = await startGuardedHost(module, { platform, logger: log });
  for (const name of ['bob', 'carol']) await createUser(host, name);
  await host.app
    .get(DataSource)
    .query("UPDATE auth_user SET is_staff = true WHERE username = 'carol'");
  const [bob, carol] = [
    await host.client.login('bob', PASSWORD),
    await host.client.login('carol', PASSWORD),
  ];
  return { ...host, bob, carol };
}

const CASES = PLATFORMS.flatMap((platform) =>
  [CacheInterceptor, EverythingInterceptor].map((interceptor) => ({ platform, interceptor })),
);

describe.each(CASES)(
  'a host on $platform that puts $interceptor.name before all of its routes',
  ({ platform, interceptor }) => {
    let host: CachingHost;

    beforeAll(async () => {
      host = await startCachingHost(platform, interceptor);
    });
    afterAll(stopHosts);

    it('gets its own routes cached', async () => {
      const first = await host.client.get('/count');
      expect(await host.client.get('/count')).toMatchObject({ body: first.body });
    });

    it('shows everybody the own profile', async () => {
      for (const name of ['alice', 'bob', 'alice'] as const) {
        const { body } = await host.client.me(host[name].access);
        expect(body).toMatchObject({ username: name });
      }
      expect((await host.client.get('/users/me')).status).toBe(401);
    });

    it('shows everybody the own sessions, as they are', async () => {
      const count = async (name: 'alice' | 'bob') =>
        ((await host.client.get('/sessions', bearer(host[name].access))).body as unknown[]).length;
      await host.client.login('alice', PASSWORD);
      expect([await count('alice'), await count('bob')]).toEqual([2, 1]);
      await host.client.send('DELETE', '/sessions', undefined, bearer(host.alice.access));
      expect([await count('alice'), await count('bob')]).toEqual([1, 1]);
    });

    it('shows staff what is, and others nothing', async () => {
      const path = `/admin/users/${String(claimsOf(host.alice.access)['user_id'])}/sessions`;
      const listed = async () =>
        (await host.client.get(path, bearer(host.carol.access))).body as unknown[];
      const before = await listed();
      await host.client.login('alice', PASSWORD);
      expect(await listed()).toHaveLength(before.length + 1);
      expect((await host.client.get(path, bearer(host.alice.access))).status).toBe(403);
    });

    it('gives everybody the own tokens, and one refresh after another', async () => {
      const subject = ({ access }: Pair) => claimsOf(access)['user_id'];
      const pairs = [
        await host.client.login('alice', PASSWORD),
        await host.client.login('bob', PASSWORD),
      ];
      expect(new Set(pairs.map(subject)).size).toBe(2);
      for (const pair of pairs) {
        const { body } = await host.client.refresh(pair.refresh);
        expect(subject(body)).toBe(subject(pair));
        expect((await host.client.verify(body.access)).status).toBe(200);
        expect((await host.client.blacklist(body.refresh)).status).toBe(200);
        expect((await host.client.verify(body.refresh)).status).toBe(400);
      }
    });

    it('answers probes and key sets anew', async () => {
      for (const path of ['/health/live', '/health/ready', '/.well-known/jwks.json']) {
        await host.client.get(path);
        const { headers } = await host.client.get(path);
        expect(headers.get('x-cache')).not.toBe('HIT');
      }
    });
  },
);

describe('a host with a cache of its own making', () => {
  afterAll(stopHosts);

  it('is told at the start what that must let pass, and one with that of Nest is not', async () => {
    await startCachingHost('fastify', CacheInterceptor);
    await stopHosts();
    expect(log.text()).not.toContain('seems to cache');
    await startCachingHost('fastify', OwnCacheInterceptor);
    expect(log.text()).toMatch(/The global interceptor OwnCacheInterceptor seems to cache answers/);
  });
});
