import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { BARE_TOKEN } from './credential-source.js';
import { setClientCredentials } from './guarded-request.js';
import { findRequest, requestOf } from './request-of.js';

function contextOf(type: string, ...args: unknown[]): ExecutionContextHost {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return context;
}

const headers = { authorization: 'Bearer a.b.c' };

describe('requestOf', () => {
  it("gives the platform's own request over HTTP", () => {
    const request = { headers };
    expect(requestOf(contextOf('http', request, {}))).toBe(request);
  });

  it.each([
    ['req', { req: { headers } }],
    ['request', { request: { headers } }],
    ['reply.request', { reply: { request: { headers } } }],
    ['extra.request', { extra: { request: { headers } } }],
    ['req.extra.request', { req: { subscriptions: {}, extra: { request: { headers } } } }],
    ['request, where req is something else', { req: {}, request: { headers } }],
  ])('finds the request in a context of GraphQL at %s', (_where, graphql) => {
    expect(requestOf(contextOf('graphql', {}, {}, graphql, {})).headers).toEqual(headers);
  });

  it('believes what the driver sets more than what the host does', () => {
    const graphql = { req: { headers: {} }, reply: { request: { headers } } };
    expect(requestOf(contextOf('graphql', {}, {}, graphql, {})).headers).toEqual(headers);
  });

  it.each([
    ['of another request', { req: { headers, raw: {} }, reply: { request: { headers, raw: {} } } }],
    ['of a request that was answered', { req: { headers, res: { writableEnded: true } } }],
  ])('refuses a GraphQL context with the `req` %s, naming the remedy', (_whose, graphql) => {
    const context = contextOf('graphql', {}, {}, graphql, {});
    expect(() => requestOf(context)).toThrow('Example: context: () => ({ db })');
    expect(findRequest(context).headers).toEqual(headers);
  });

  it('takes the request below for the same one', () => {
    const raw = { headers, raw: undefined };
    const graphql = { req: raw, reply: { request: { headers, raw } } };
    expect(requestOf(contextOf('graphql', {}, {}, graphql, {})).headers).toEqual(headers);
  });

  it.each([undefined, null, 'text', {}, { req: null }, { req: {} }, { req: { extra: {} } }])(
    'finds nothing in the GraphQL context %j',
    (graphql) => {
      const request = requestOf(contextOf('graphql', {}, {}, graphql, {}));
      expect([request.headers, request[BARE_TOKEN]]).toEqual([{}, undefined]);
    },
  );

  it('keeps apart what the guards of two resolvers of one operation find', () => {
    const request: { headers: object; user?: unknown } = { headers };
    const at = (info: object) => requestOf(contextOf('graphql', {}, {}, { req: request }, info));
    const [one, other] = [{ path: {} }, { path: {} }];
    at(one).user = 'alice';
    expect(request.user).toBe('alice');
    at(other).user = 'bob';
    expect([at(one).user, at(other).user]).toEqual(['alice', 'bob']);
  });

  it('shows the fields of a resolver what its guard found, until a guard of their own decides', () => {
    const at = (path: object) =>
      requestOf(contextOf('graphql', {}, {}, { req: request }, { path, variableValues }));
    const [request, variableValues] = [{ headers }, {}];
    const [cat, dog] = [{ key: 'cat' }, { key: 'dog' }];
    const below = (key: string) => ({ key, prev: { key: 0, prev: cat } });
    const [owner, house] = [below('owner'), below('house')];
    at(cat).user = 'alice';
    at(dog).user = 'bob';
    expect([at(owner).user, at({ prev: dog }).user, at({ prev: {} }).user]).toEqual([
      'alice',
      'bob',
      undefined,
    ]);
    at(house).user = undefined;
    expect([cat, owner, house].map((path) => at(path).user)).toEqual(['alice', 'alice', undefined]);
  });

  it('has credentials of the connection for subscriptions, behind those of the request', () => {
    const sent = { connectionParams: { Authorization: 'Bearer sent', token: 'bare' } };
    for (const graphql of [sent, { req: sent }]) {
      const alone = requestOf(contextOf('graphql', {}, {}, graphql, {}));
      expect(alone.headers['authorization']).toBe('Bearer sent');
      expect(alone[BARE_TOKEN]).toBe('bare');
    }
    const both = requestOf(contextOf('graphql', {}, {}, { ...sent, req: { headers } }, {}));
    expect(both.headers['authorization']).toBe('Bearer a.b.c');
  });

  it('keeps apart what the guards of two messages of one client find', () => {
    const client = {};
    const at = (data: object) => requestOf(contextOf('ws', client, data, 'x'));
    const [one, other] = [{}, {}];
    at(one).user = 'alice';
    at(other).user = undefined;
    expect(at(one).user).toBe('alice');
  });

  it.each([
    ['ws', 'text', {}],
    ['ws', undefined, {}],
    ['ws', {}, {}],
    ['rpc', 'text', {}],
    ['rpc', {}, {}],
  ])('keeps apart what the guards of two handlers of %s find for %j', (type, data, shared) => {
    class Gateway {}
    const at = (handler: () => void, gateway = Gateway) => {
      const args = type === 'ws' ? [shared, data, 'x'] : [data, shared];
      const context = new ExecutionContextHost(args, gateway, handler);
      context.setType(type);
      return requestOf(context);
    };
    const [me, open] = [() => undefined, () => undefined];
    at(me).user = 'alice';
    at(open).user = undefined;
    at(me, class extends Gateway {}).user = 'bob';
    expect([at(me).user, at(open).user]).toEqual(['alice', undefined]);
  });

  it('sees the token that a client has renewed, also for messages that are text', () => {
    const client = { handshake: { auth: { token: 'old' } } };
    const shown = () => requestOf(contextOf('ws', client, 'text', 'x'))[BARE_TOKEN];
    expect(shown()).toBe('old');
    client.handshake.auth.token = 'new';
    expect(shown()).toBe('new');
  });

  it('keeps apart messages that are text by what acknowledges them', () => {
    const client = {};
    const at = (acknowledge: () => void) =>
      requestOf(contextOf('ws', client, 'text', acknowledge, 'x'));
    const [one, other] = [() => undefined, () => undefined];
    at(one).user = 'alice';
    expect([at(one).user, at(other).user]).toEqual(['alice', undefined]);
  });

  it('forgets the credentials of a client that gives others', () => {
    const client = {};
    setClientCredentials(client, { headers });
    expect(requestOf(contextOf('ws', client, {}, 'x')).headers).toEqual(headers);
    setClientCredentials(client, { token: 'bare' });
    const request = requestOf(contextOf('ws', client, {}, 'x'));
    expect([request.headers, request[BARE_TOKEN]]).toEqual([{}, 'bare']);
  });

  it.each([{ token: 1 }, { token: null }, 'token', null, undefined, ['token']])(
    'finds no token in %j',
    (data) => {
      expect(requestOf(contextOf('rpc', data, {}))[BARE_TOKEN]).toBeUndefined();
    },
  );

  it('gives the same request to the guard and to the handler of a message', () => {
    const [data, context] = [{ token: 'bare' }, {}];
    const request = requestOf(contextOf('rpc', data, context));
    expect(requestOf(contextOf('rpc', data, context))).toBe(request);
    expect(requestOf(contextOf('rpc', data, {}))).not.toBe(request);
  });
});
