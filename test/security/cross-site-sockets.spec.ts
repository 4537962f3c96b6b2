import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import {
  Injectable,
  UseFilters,
  UseGuards,
  type ExecutionContext,
  type ModuleMetadata,
} from '@nestjs/common';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, type OnGatewayConnection } from '@nestjs/websockets';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import {
  AuthErrorFilter,
  AuthenticationGuard,
  CurrentUser,
  UseAuthentication,
  setClientCredentials,
  type AuthenticatedUser,
  type GuardedRequest,
  type SettingsInput,
} from '../../src/index.js';
import { visitDjango, type DjangoVisitor } from '../e2e/contexts/django-session.js';
import { subscribe } from '../e2e/contexts/graphql-client.js';
import { hostModule, startGuardedHost, type GuardedHost } from '../e2e/contexts/guarded-host.js';
import { stopHosts, type HostOptions } from '../e2e/hosts/host.js';

jest.setTimeout(60_000);

/** As whom something was written. */
const written: string[] = [];

function write({ username }: AuthenticatedUser): string {
  written.push(username);
  return username;
}

@Resolver()
@UseFilters(AuthErrorFilter)
@UseAuthentication('SessionAuthentication')
class NotesResolver {
  @Query(() => String)
  whoami(@CurrentUser() user: AuthenticatedUser): string {
    return user.username;
  }

  @Mutation(() => String)
  write(@CurrentUser() user: AuthenticatedUser): string {
    return write(user);
  }

  @Subscription(() => String, { resolve: (name: string) => name })
  async *written(@CurrentUser() user: AuthenticatedUser): AsyncGenerator<string> {
    yield await Promise.resolve(write(user));
  }
}

@UseFilters(AuthErrorFilter)
abstract class NotesGateway {
  @UseAuthentication('SessionAuthentication')
  @SubscribeMessage('write')
  write(@CurrentUser() user: AuthenticatedUser) {
    return { event: 'written', data: write(user) };
  }
}

/** A guard as hosts have them: the request that opened the connection is what it looks at. */
@Injectable()
class HandshakeGuard extends AuthenticationGuard {
  override getRequest(context: ExecutionContext): GuardedRequest {
    return context.switchToWs().getClient<{ request: GuardedRequest }>().request;
  }
}

@WebSocketGateway()
class SocketIoGateway extends NotesGateway {
  @UseGuards(HandshakeGuard)
  @SubscribeMessage('write-behind-own-guard')
  writeBehindOwnGuard(@CurrentUser() user: AuthenticatedUser) {
    return { event: 'written', data: write(user) };
  }
}

/** As the recipe has it: a page cannot set a header, so that it sends the token in a message. */
@WebSocketGateway({ path: '/notes' })
class WsGateway extends NotesGateway implements OnGatewayConnection {
  private readonly requests = new WeakMap<WebSocket, IncomingMessage>();

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    this.requests.set(client, request);
    setClientCredentials(client, request);
  }

  @SubscribeMessage('csrf')
  csrf(client: WebSocket, token: string) {
    const { headers, rawHeaders } = this.requests.get(client)!;
    setClientCredentials(client, { headers: { ...headers, 'x-csrftoken': token }, rawHeaders });
    return { event: 'csrf', data: null };
  }
}

/** What a page does with a socket, and what comes back; `headers` are those that its browser adds. */
type Attempt = (url: string, headers: Headers, csrfToken: string | null) => Promise<string>;
type Headers = Readonly<Record<string, string>>;

const operation =
  (query: string): Attempt =>
  async (url, headers, csrfToken) => {
    const params = csrfToken === null ? undefined : { 'X-CSRFToken': csrfToken };
    return JSON.stringify(await subscribe(url, params, headers, query));
  };

const overSocketIo =
  (transport: 'websocket' | 'polling', event: string): Attempt =>
  (url, extraHeaders, csrfToken) => {
    const auth = csrfToken === null ? {} : { 'X-CSRFToken': csrfToken };
    const socket = io(url, { transports: [transport], forceNew: true, extraHeaders, auth });
    return new Promise<string>((resolve) => {
      for (const answer of ['written', 'exception']) {
        socket.once(answer, (data: unknown) => resolve(JSON.stringify(data)));
      }
      socket.emit(event, {});
    }).finally(() => socket.disconnect());
  };

const overWs: Attempt = async (url, headers, csrfToken) => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/notes`, { headers });
  await once(socket, 'open');
  const ask = async (event: string, data: unknown): Promise<string> => {
    const answered = once(socket, 'message') as Promise<[Buffer]>;
    socket.send(JSON.stringify({ event, data }));
    return (await answered).toString();
  };
  if (csrfToken !== null) await ask('csrf', csrfToken);
  return ask('write', {}).finally(() => socket.terminate());
};

interface Way {
  readonly own: ModuleMetadata;
  readonly options?: HostOptions;
  readonly attempts: Readonly<Record<string, Attempt>>;
}

/** @param context - what the host makes the context of */
function apollo(platform: 'fastify' | 'express', context?: ApolloDriverConfig['context']): Way {
  return {
    own: {
      imports: [
        GraphQLModule.forRoot<ApolloDriverConfig>({
          driver: ApolloDriver,
          autoSchemaFile: true,
          subscriptions: { 'graphql-ws': true },
          ...(context && { context }),
        }),
      ],
      providers: [NotesResolver],
    },
    options: { platform },
    attempts: {
      'a mutation': operation('mutation { write }'),
      'a subscription': operation('subscription { written }'),
    },
  };
}

interface Connected {
  readonly req?: { readonly extra?: { readonly request?: object } };
}

const WAYS: Record<string, Way> = {
  'Apollo on Fastify': apollo('fastify'),
  'Apollo on Express': apollo('express'),
  'Apollo, where the host puts the request of the socket into the context': apollo(
    'express',
    ({ req }: Connected) => ({ req: req?.extra?.request ?? req }),
  ),
  Mercurius: {
    own: {
      imports: [
        GraphQLModule.forRoot<MercuriusDriverConfig>({
          driver: MercuriusDriver,
          autoSchemaFile: true,
          subscription: { fullWsTransport: true },
        }),
      ],
      providers: [NotesResolver],
    },
    attempts: {
      'a mutation': operation('mutation { write }'),
      'a subscription': operation('subscription { written }'),
    },
  },
  'a gateway of socket.io': {
    own: { providers: [SocketIoGateway] },
    options: { configure: (app) => app.useWebSocketAdapter(new IoAdapter(app)) },
    attempts: {
      'a message': overSocketIo('websocket', 'write'),
      'a message by polling': overSocketIo('polling', 'write'),
    },
  },
  'a gateway of ws': {
    own: { providers: [WsGateway] },
    options: { configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)) },
    attempts: { 'a message': overWs },
  },
};

describe.each(Object.entries(WAYS))('a socket that a page opens: %s', (_name, way) => {
  let host: GuardedHost;
  let visitor: DjangoVisitor;

  beforeAll(async () => {
    host = await startGuardedHost(await hostModule('sockets', way.own), way.options);
    visitor = await visitDjango(host, 'alice');
  });
  beforeEach(() => {
    written.length = 0;
  });
  afterAll(stopHosts);

  describe.each(Object.entries(way.attempts))('%s', (_what, attempt) => {
    const from = (origin: string | null): Headers => ({
      cookie: visitor.cookie,
      ...(origin !== null && { origin }),
    });

    it('is refused from another site, whatever it sends, and from nobody who would say', async () => {
      const port = Number(new URL(host.url).port);
      for (const origin of [
        'https://evil.example',
        host.url.replace(/\d+$/, String(port + 1)),
        `${host.url}.evil.example`,
        'null',
        null,
      ]) {
        for (const token of [null, 'd'.repeat(32), visitor.csrfToken]) {
          const answer = await attempt(host.url, from(origin), token);
          expect(answer).toContain('CSRF Failed: Origin checking failed');
          expect(answer).not.toContain('alice');
        }
      }
      expect(written).toEqual([]);
    });

    it('is refused from a page of ours that does not prove what it is with the CSRF token', async () => {
      for (const token of [null, 'd'.repeat(32)]) {
        const answer = await attempt(host.url, from(host.url), token);
        expect(answer).toContain('CSRF Failed: CSRF token missing or incorrect.');
      }
      expect(written).toEqual([]);
    });

    it('acts as the visitor from a page of ours', async () => {
      const answer = await attempt(host.url, from(host.url), visitor.csrfToken);
      expect(answer).toContain('alice');
      expect(written).toEqual(['alice']);
    });
  });
});

describe("a guard of the host's that looks at the request of the handshake", () => {
  afterAll(stopHosts);

  it.each(['websocket', 'polling'] as const)(
    'does not take a message for a request that only reads, over %s',
    async (transport) => {
      const { own, options } = WAYS['a gateway of socket.io']!;
      const settings: SettingsInput = { authenticationClasses: ['SessionAuthentication'] };
      const host = await startGuardedHost(await hostModule('sockets', own, settings), options);
      const { cookie } = await visitDjango(host, 'alice');
      written.length = 0;
      const attempt = overSocketIo(transport, 'write-behind-own-guard');
      for (const origin of ['https://evil.example', host.url]) {
        expect(await attempt(host.url, { cookie, origin }, null)).toContain('CSRF Failed');
      }
      expect(written).toEqual([]);
      await stopHosts();
    },
  );
});

describe('what a page of another site may do without a socket', () => {
  afterAll(stopHosts);

  it('is no more than it may do at a Django server', async () => {
    const { own, options } = WAYS['Apollo on Express']!;
    const host = await startGuardedHost(await hostModule('sockets', own), options);
    const { cookie, csrfToken } = await visitDjango(host, 'alice');
    written.length = 0;
    const post = (origin: string) =>
      host.client.post(
        '/graphql',
        { query: 'mutation { write }' },
        { cookie, origin, 'x-csrftoken': csrfToken },
      );
    expect((await post('https://evil.example')).text).toContain('CSRF Failed');
    expect(written).toEqual([]);
    expect((await post(host.url)).body).toEqual({ data: { write: 'alice' } });
  });
});
