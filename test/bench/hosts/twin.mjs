import 'reflect-metadata';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Controller, Get, Header, Module, UseFilters, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { decorate } from './decorate.mjs';

/*
 * The whole server with two more routes beside `/users/me`: its twin without a guard, and one behind `JwtAuthGuard`.
 * Whatever else a request costs is the same for all three, so that what differs is the guard.
 */
const dist = resolve(process.env.BENCH_DIST ?? 'dist');
const load = (path) => import(pathToFileURL(resolve(dist, path)).href);
const { AppModule } = await load('server/app.module.js');
const { createAdapter } = await load('server/adapter.js');
const { configureApp } = await load('http/setup.js');
const { ServerLogger } = await load('server/logger.js');
const { AuthErrorFilter } = await load('http/auth-error.filter.js');
const { AuthenticationModule } = await load('auth/authentication.module.js');
const { HttpView } = await load('http/view.decorator.js');
const { JwtAuthGuard } = await load('guards/jwt-auth.guard.js');
const { CurrentUser } = await load('guards/request.decorators.js');
const { UsersFixture } = await load('server/users-fixture.js');
const { profileOf } = await load('account/dto/profile-response.dto.js');
const { readEnvironment } = await load('config/environment.js');
const { dataSourceOptions } = await load('server/data-source.js');
const { migrate } = await load('database/migrate.js');

const USER = { id: 1, username: 'user1', isActive: true, isStaff: false };

/** A controller like the one of `/users/me`. */
function meController(path, guards) {
  class MeController {
    me(user) {
      return profileOf(user ?? USER);
    }
  }
  const view = HttpView({ name: 'Me', description: 'The signed-in user.' });
  const guarded = guards.length > 0 ? [UseGuards(...guards)] : [];
  decorate(MeController, [Controller(path), UseFilters(AuthErrorFilter), ...guarded]);
  decorate(MeController, [Get(), view, Header('Cache-Control', 'no-store')], 'me');
  CurrentUser()(MeController.prototype, 'me', 0);
  return MeController;
}

const config = readEnvironment(process.env);
await migrate(dataSourceOptions(config.databaseUrl, config.databasePoolSize));
class HostModule {}
decorate(HostModule, [
  Module({
    imports: [AppModule.forRoot(config, config.databaseUrl), AuthenticationModule],
    controllers: [meController('bench/open', []), meController('bench/jwt', [JwtAuthGuard])],
  }),
]);
const app = await NestFactory.create(HostModule, await createAdapter(), {
  logger: new ServerLogger({ json: true }),
});
configureApp(app);
app.enableShutdownHooks();
await app.init();
await app.get(UsersFixture).load(config.usersFixture);
await app.listen(config.port, config.host);
