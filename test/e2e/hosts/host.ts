import type { DynamicModule, INestApplication, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { AUTH_ENTITIES, AUTH_MIGRATIONS } from '../../../src/index.js';
import { TestClient } from '../../support/client.js';
import { createDatabase, databaseUrl, dropDatabases } from '../../support/databases.js';

/** HTTP platforms that a host may stand on. */
export const PLATFORMS = ['fastify', 'express'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** A Nest application of somebody who uses the package. */
export interface Host {
  readonly app: INestApplication;
  readonly url: string;
  readonly client: TestClient;
}

export interface HostOptions {
  readonly platform?: Platform;
  /** What the host does between `create` and `listen`. */
  readonly configure?: (app: INestApplication) => void;
  readonly logger?: LoggerService | false;
}

const running = new Set<INestApplication>();

/** Closes every host that runs: `afterAll(stopHosts)`, also for those that failed half-way. */
export async function stopHosts(): Promise<void> {
  for (const app of running) await app.close();
  running.clear();
}

afterAll(stopHosts);

/** The signing key of every host. */
export const SIGNING_KEY = 'the-signing-key-of-the-hosts-0123456789abcdef0123456789abcdef';

/** An empty database of the host's own; what an earlier run of the spec has left is dropped. */
export async function hostDatabase(name: string): Promise<string> {
  const own = `host_${name}_${process.env['JEST_WORKER_ID'] ?? '1'}`;
  await dropDatabases(own);
  await createDatabase(own, null);
  return databaseUrl(own);
}

/** What a host tells TypeORM, with entities and migrations of its own. */
export function hostTypeOrm(
  url: string,
  own: { entities?: Type[]; migrations?: Type[] } = {},
): TypeOrmModuleOptions {
  return {
    type: 'postgres',
    url,
    entities: [...AUTH_ENTITIES, ...(own.entities ?? [])],
    migrations: [...AUTH_MIGRATIONS, ...(own.migrations ?? [])],
    migrationsRun: true,
    poolSize: 5,
    retryAttempts: 0,
  };
}

/** Starts the host on a free port, as `main.ts` would. */
export async function startHost(
  module: Type | DynamicModule,
  options: HostOptions = {},
): Promise<Host> {
  const { platform = 'fastify', configure, logger = false } = options;
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(module, adapter, { logger, abortOnError: false });
  running.add(app);
  configure?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return { app, url, client: new TestClient(url) };
}
