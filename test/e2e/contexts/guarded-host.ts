import { Module, type DynamicModule, type ModuleMetadata, type Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AuthModule,
  PasswordHasher,
  UsersService,
  configureApp,
  type AuthModuleExtras,
  type SettingsInput,
} from '../../../src/index.js';
import type { Pair } from '../../support/client.js';
import {
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  type Host,
  type HostOptions,
} from '../hosts/host.js';

export const PASSWORD = 'correct horse';

/** A host of this package with something of its own, and a user `alice` who is logged in. */
export interface GuardedHost extends Host {
  readonly alice: Pair;
}

/**
 * The modules of a host: the database, this package, and what the test is about.
 *
 * @param through - the way to the database, where that is not the direct one
 */
export async function hostModule(
  name: string,
  own: ModuleMetadata,
  settings: SettingsInput & AuthModuleExtras = {},
  through = (url: string): string => url,
): Promise<DynamicModule> {
  @Module({})
  class HostModule {}
  return {
    module: HostModule,
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(through(await hostDatabase(name)))),
      AuthModule.forRoot({ signingKey: SIGNING_KEY, ...settings }),
      ...(own.imports ?? []),
    ],
    controllers: own.controllers,
    providers: own.providers,
  };
}

/** Starts such a host, with `configureApp`. */
export async function startGuardedHost(
  module: Type | DynamicModule,
  options: HostOptions = {},
): Promise<GuardedHost> {
  const host = await startHost(module, {
    ...options,
    configure: (app) => {
      configureApp(app);
      options.configure?.(app);
    },
  });
  await createUser(host, 'alice');
  return { ...host, alice: await host.client.login('alice', PASSWORD) };
}

export async function createUser({ app }: Host, username: string): Promise<void> {
  const password = await app.get(PasswordHasher, { strict: false }).hash(PASSWORD);
  await app.get(UsersService, { strict: false }).createMissing({ username, password });
}

/** The header that shows a token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** The same token with a signature that is not ours. */
export function tampered(token: string): string {
  const [head, claims] = token.split('.');
  return `${head}.${claims}.${'A'.repeat(43)}`;
}
