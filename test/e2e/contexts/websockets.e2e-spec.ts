import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { UseFilters, UseGuards, type DynamicModule } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import {
  AuthErrorFilter,
  CurrentToken,
  CurrentUser,
  JwtAuthGuard,
  OptionalJwtAuthGuard,
  Public,
  setClientCredentials,
  type AuthenticatedUser,
  type Claims,
} from '../../../src/index.js';
import { LogLines } from '../../support/log-lines.js';
import { PROMISED } from '../../support/soon.js';
import { within } from '../../support/within.js';
import { stopHosts } from '../hosts/host.js';
import {
  PASSWORD,
  bearer,
  hostModule,
  startGuardedHost,
  tampered,
  type GuardedHost,
} from './guarded-host.js';

jest.setTimeout(60_000);

const REFUSED = {
  status: 'error',
  statusCode: 401,
  code: 'token_not_valid',
  message: 'Given token not valid for any token type',
  detail: 'Given token not valid for any token type',
  messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid' }],
};
const NOBODY = {
  status: 'error',
  statusCode: 401,
  code: 'not_authenticated',
  message: 'Authentication credentials were not provided.',
  detail: 'Authentication credentials were not provided.',
};

@UseFilters(AuthErrorFilter)
abstract class CatsGateway {
  @SubscribeMessage('me')
  @UseGuards(JwtAuthGuard)
  me(
    @CurrentUser() user: AuthenticatedUser,
    @CurrentToken() token: Claims,
    @MessageBody() body: unknown,
  ) {
    return { event: 'me', data: { name: user.username, type: token['token_type'], body } };
  }

  @SubscribeMessage('visitor')
  @UseGuards(OptionalJwtAuthGuard)
  visitor(@CurrentUser() user?: AuthenticatedUser) {
    return { event: 'visitor', data: user?.username ?? 'nobody' };
  }

  @Public()
  @SubscribeMessage('open')
  @UseGuards(JwtAuthGuard)
  open(@CurrentUser() user?: AuthenticatedUser) {
    return { event: 'open', data: user?.username ?? 'nobody' };
  }

  @SubscribeMessage('own')
  own() {
    throw new WsException("the host's own");
  }
}

@WebSocketGateway()
class SocketIoGateway extends CatsGateway {
  @SubscribeMessage('renew')
  renew(client: { handshake: { auth: { token: string } } }, token: string) {
    client.handshake.auth.token = token;
    return { event: 'renew', data: null };
  }
}

@WebSocketGateway({ path: '/cats' })
class WsGateway extends CatsGateway implements OnGatewayConnection {
  handleConnection(client: WebSocket, request: IncomingMessage): void {
    setClientCredentials(client, request);
  }
}

/** The recipe's: whoever has said nothing yet may show a token, and do nothing else. */
@WebSocketGateway({ path: '/chat' })
@UseGuards(JwtAuthGuard)
@UseFilters(AuthErrorFilter)
class ChatGateway {
  @SubscribeMessage('say')
  say(@CurrentUser() user: AuthenticatedUser) {
    return { event: 'said', data: user.username };
  }

  @Public()
  @SubscribeMessage('authenticate')
  authenticate(client: WebSocket, token: string) {
    setClientCredentials(client, { token });
    return { event: 'authenticated', data: null };
  }
}

@WebSocketGateway({ path: '/cats' })
class ForgetfulGateway extends CatsGateway {}

function hostOf(...gateways: (new () => unknown)[]): Promise<DynamicModule> {
  return hostModule('websockets', { providers: gateways as never[] });
}

// Before those that hand over some: the warning is for hosts that never do.
describe('a gateway of ws that hands over no credentials', () => {
  afterAll(stopHosts);

  it('refuses its clients, and the log says once what to call', async () => {
    const logger = new LogLines();
    const host = await startGuardedHost(await hostOf(ForgetfulGateway), {
      logger,
      configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    });
    const asked = async (event: string): Promise<unknown> => {
      const socket = new WebSocket(`${host.url.replace('http', 'ws')}/cats`, {
        headers: bearer(host.alice.access),
      });
      await once(socket, 'open');
      const answered = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(JSON.stringify({ event, data: {} }));
      const [bytes] = await answered;
      socket.terminate();
      return JSON.parse(bytes.toString());
    };
    const warnings = (): number =>
      logger.text().split('setClientCredentials(client, request)').length - 1;
    expect(await asked('open')).toEqual({ event: 'open', data: 'nobody' });
    expect(warnings()).toBe(0);
    for (let time = 0; time < 2; time += 1) {
      expect(await asked('me')).toEqual({ event: 'exception', data: NOBODY });
      expect(warnings()).toBe(1);
    }
  });
});

describe('a gateway of socket.io behind the guards', () => {
  let host: GuardedHost;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    host = await startGuardedHost(await hostOf(SocketIoGateway), {
      configure: (app) => app.useWebSocketAdapter(new IoAdapter(app)),
    });
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  afterAll(stopHosts);

  function connect(options: Parameters<typeof io>[1]): Socket {
    const socket = io(host.url, { transports: ['websocket'], forceNew: true, ...options });
    sockets.push(socket);
    return socket;
  }

  /** The answer, or the exception. */
  function ask(socket: Socket, event: string, data: unknown = {}): Promise<unknown> {
    return new Promise((resolve) => {
      socket.once(event, resolve).once('exception', resolve);
      socket.emit(event, data);
    });
  }

  it('know the user of the token in the handshake, for every message', async () => {
    const socket = connect({ auth: { token: host.alice.access } });
    for (const body of [{ n: 1 }, 'text', { n: 2 }]) {
      const answer = await ask(socket, 'me', body);
      expect(answer).toEqual({ name: 'alice', type: 'access', body });
    }
    expect(await ask(socket, 'visitor')).toBe('alice');
  });

  it.each(['text', { n: 1 }])('keep apart messages that come together, with %j', async (data) => {
    const socket = connect({ auth: { token: host.alice.access } });
    for (let time = 0; time < 10; time += 1) {
      const opened = new Promise((resolve) => socket.once('open', resolve));
      const asked = ask(socket, 'me', data);
      socket.emit('open', data);
      expect(await asked).toMatchObject({ name: 'alice', type: 'access' });
      expect(await opened).toBe('nobody');
    }
  });

  it('see a fresh token that the host puts into the handshake', async () => {
    const socket = connect({ auth: { token: 'stale' } });
    expect(await ask(socket, 'me')).toMatchObject({ code: 'token_not_valid' });
    await ask(socket, 'renew', host.alice.access);
    expect(await ask(socket, 'me')).toMatchObject({ name: 'alice' });
  });

  it('know the user of the authorization header', async () => {
    const socket = connect({ extraHeaders: bearer(host.alice.access) });
    expect(await ask(socket, 'me')).toMatchObject({ name: 'alice' });
  });

  it('refuse with the event that Nest refuses with, and all that the HTTP body has', async () => {
    expect(await ask(connect({}), 'me')).toEqual(NOBODY);
    const bad = connect({ auth: { token: tampered(host.alice.access) } });
    expect(await ask(bad, 'me')).toEqual(REFUSED);
    expect(await ask(bad, 'visitor')).toBe('nobody');
  });

  it("leave the host's own exceptions as they are", async () => {
    const answer = await ask(connect({}), 'own');
    expect(answer).toEqual({ status: 'error', message: "the host's own" });
  });

  it('refuse the next message of a client whose session has ended', async () => {
    const pair = await host.client.login('alice', PASSWORD);
    const socket = connect({ auth: { token: pair.access } });
    expect(await ask(socket, 'me')).toMatchObject({ name: 'alice' });
    expect((await host.client.blacklist(pair.refresh)).status).toBe(200);
    // Within the second that every server may take to hear of it.
    const refused = await within(
      PROMISED,
      () => ask(socket, 'me'),
      (answer) => (answer as { code?: string }).code !== undefined,
    );
    expect(refused).toMatchObject({
      code: 'token_not_valid',
      messages: [{ message: 'Token is blacklisted' }],
    });
    expect(await ask(socket, 'visitor')).toBe('nobody');
  });
});

describe('a gateway of ws behind the guards', () => {
  let host: GuardedHost;
  const sockets: WebSocket[] = [];

  beforeAll(async () => {
    host = await startGuardedHost(await hostOf(WsGateway, ChatGateway), {
      configure: (app) => app.useWebSocketAdapter(new WsAdapter(app)),
    });
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.terminate();
  });
  afterAll(stopHosts);

  async function connect(headers = {}, path = '/cats'): Promise<WebSocket> {
    const socket = new WebSocket(`${host.url.replace('http', 'ws')}${path}`, { headers });
    sockets.push(socket);
    await once(socket, 'open');
    return socket;
  }

  async function ask(socket: WebSocket, event: string, data: unknown = {}): Promise<unknown> {
    const answered = once(socket, 'message') as Promise<[Buffer]>;
    socket.send(JSON.stringify({ event, data }));
    const [bytes] = await answered;
    return JSON.parse(bytes.toString());
  }

  it('know the user of the header that opened the connection', async () => {
    const socket = await connect(bearer(host.alice.access));
    expect(await ask(socket, 'me', { n: 1 })).toEqual({
      event: 'me',
      data: { name: 'alice', type: 'access', body: { n: 1 } },
    });
  });

  it.each(['text', { n: 1 }])('keep apart messages that come together, with %j', async (data) => {
    const socket = await connect(bearer(host.alice.access));
    const answers: { event: string; data: unknown }[] = [];
    const complete = new Promise<void>((resolve) => {
      socket.on('message', (bytes: Buffer) => {
        answers.push(JSON.parse(bytes.toString()) as (typeof answers)[number]);
        if (answers.length === 20) resolve();
      });
    });
    for (let time = 0; time < 10; time += 1) {
      for (const event of ['me', 'open']) socket.send(JSON.stringify({ event, data }));
    }
    await complete;
    const known = answers.filter(({ event }) => event === 'me').map((answer) => answer.data);
    const alice = { name: 'alice', type: 'access', body: data };
    expect(known).toEqual(Array.from({ length: 10 }, () => alice));
    const opened = answers.filter(({ event }) => event === 'open').map((answer) => answer.data);
    expect(opened).toEqual(Array.from({ length: 10 }, () => 'nobody'));
  });

  it('refuse a connection with two authorization headers', async () => {
    const socket = await connect({ authorization: [bearer(host.alice.access).authorization, 'x'] });
    const answer = await ask(socket, 'me');
    expect(answer).toMatchObject({ event: 'exception', data: { statusCode: 400 } });
  });

  it('refuse with the event exception', async () => {
    const socket = await connect();
    expect(await ask(socket, 'me')).toEqual({ event: 'exception', data: NOBODY });
    const bad = await connect(bearer(tampered(host.alice.access)));
    expect(await ask(bad, 'me')).toEqual({ event: 'exception', data: REFUSED });
    expect(await ask(bad, 'visitor')).toEqual({ event: 'visitor', data: 'nobody' });
  });

  it('know a client that shows its token in a message of its own, the only one that is public', async () => {
    const socket = await connect({}, '/chat');
    expect(await ask(socket, 'say')).toEqual({ event: 'exception', data: NOBODY });
    expect(await ask(socket, 'authenticate', host.alice.access)).toMatchObject({
      event: 'authenticated',
    });
    expect(await ask(socket, 'say')).toEqual({ event: 'said', data: 'alice' });
    await ask(socket, 'authenticate', tampered(host.alice.access));
    expect(await ask(socket, 'say')).toEqual({ event: 'exception', data: REFUSED });
  });
});
