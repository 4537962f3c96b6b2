import 'reflect-metadata';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';

/*
 * The modules of the server in an application on Express, with Express's own settings. It is configured by the same
 * variables, and says where it listens in the same words.
 */
const dist = resolve(process.env.TEST_DIST ?? 'dist');
const load = (path) => import(pathToFileURL(resolve(dist, path)).href);
const { AppModule } = await load('server/app.module.js');
const { configureApp } = await load('http/setup.js');
const { UsersFixture } = await load('server/users-fixture.js');
const { readEnvironment } = await load('config/environment.js');

const config = readEnvironment(process.env);
const app = await NestFactory.create(
  AppModule.forRoot(config, config.databaseUrl),
  new ExpressAdapter(),
  { logger: ['error', 'warn'] },
);
configureApp(app);
await app.init();
if (config.usersFixture !== null) await app.get(UsersFixture).load(config.usersFixture);
await app.listen(config.port, config.host);
const { port } = app.getHttpServer().address();
process.stdout.write(`the Express host listens on http://${config.host}:${port}\n`);
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => void app.close().then(() => process.exit(0)));
}
