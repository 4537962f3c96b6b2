import { EventEmitter } from 'node:events';
import { ConflictException, ForbiddenException, HttpException, Logger } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { lastValueFrom, type Observable } from 'rxjs';
import type { AuthSettings } from '../config/auth-settings.js';
import { AuthErrorFilter } from './auth-error.filter.js';
import { RequestContextPipe } from './request-context.pipe.js';

Logger.overrideLogger(false);

const settings = { authHeaderTypes: ['Bearer'], trustedProxies: [] } as unknown as AuthSettings;
const filter = new AuthErrorFilter(
  {} as HttpAdapterHost,
  new RequestContextPipe(settings),
  settings,
);

/** What a client of the transport gets of an error. */
async function told(type: 'graphql' | 'ws' | 'rpc', thrown: unknown): Promise<unknown> {
  const client = new EventEmitter();
  let sent: unknown;
  client.on('exception', (payload) => (sent = payload));
  const host = new ExecutionContextHost([type === 'ws' ? client : {}, {}, {}, {}]);
  host.setType(type);
  try {
    const answer = filter.catch(thrown, host);
    return type === 'ws' ? sent : await lastValueFrom(answer as Observable<unknown>);
  } catch (error) {
    return error;
  }
}

const taken = () => new ConflictException('taken');

it.each(['ws', 'rpc'] as const)("tells clients of %s a host's own exception", async (type) => {
  expect(await told(type, taken())).toEqual({
    status: 'error',
    statusCode: 409,
    error: 'Conflict',
    message: 'taken',
  });
  expect(await told(type, new ForbiddenException({ code: 'captcha' }))).toMatchObject({
    statusCode: 403,
    code: 'captcha',
  });
});

it("tells clients of GraphQL a host's own exception, with the status in words as the code", async () => {
  const error = (await told('graphql', taken())) as Error;
  expect(error.message).toBe('taken');
  expect(error).toMatchObject({
    extensions: { code: 'CONFLICT', error: 'Conflict', http: { status: 409 } },
  });
  expect(await told('graphql', new ForbiddenException({ code: 'captcha' }))).toMatchObject({
    extensions: { code: 'captcha' },
  });
});

it.each(['graphql', 'rpc'] as const)('keeps on %s what a wrapped error says', async (type) => {
  const error = await told(type, new HttpException(new Error('of the inside') as never, 502));
  expect(error).toMatchObject({ message: 'Bad Gateway' });
  expect(JSON.stringify(error)).not.toContain('of the inside');
});

it('gives the code of the catalogue for a guard of GraphQL that says no', async () => {
  expect(await told('graphql', new ForbiddenException('Forbidden resource'))).toMatchObject({
    extensions: { code: 'permission_denied', http: { status: 403 } },
  });
});
