import {
  Controller,
  UseGuards,
  type INestApplication,
  type NestHybridApplicationOptions,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Transport } from '@nestjs/microservices';
import { AuthModule, JwtAuthGuard, OptionalJwtAuthGuard, Public } from '../../../src/index.js';
import { LogLines } from '../../support/log-lines.js';
import { startHost, stopHosts } from '../hosts/host.js';
import { hostModule } from './guarded-host.js';

jest.setTimeout(60_000);
afterEach(stopHosts);

@Controller()
class OrdersController {
  @MessagePattern('orders')
  list() {
    return ['an order'];
  }

  @EventPattern('ordered')
  ordered(_data: unknown) {}

  @Public()
  @MessagePattern('prices')
  prices() {
    return [];
  }

  @UseGuards(JwtAuthGuard)
  @MessagePattern('own')
  own() {
    return [];
  }
}

@Controller()
@UseGuards(JwtAuthGuard)
class ClosedController {
  @MessagePattern('closed')
  closed() {
    return [];
  }
}

const MESSAGES = 'does not reach the messages';
const GLOBAL = { provide: APP_GUARD, useClass: JwtAuthGuard };

function connect(app: INestApplication, hybrid?: NestHybridApplicationOptions): void {
  const options = { host: '127.0.0.1', port: 0 };
  app.connectMicroservice({ transport: Transport.TCP, options }, hybrid);
}

/** What a hybrid application says when all is connected. */
async function saidBy(
  controllers: Type[],
  configure: (app: INestApplication) => void,
  providers: unknown[] = [GLOBAL],
): Promise<string> {
  const logger = new LogLines();
  const own = await hostModule('unreached', { controllers, providers: providers as never });
  const { app } = await startHost(own, { logger, configure });
  await app.startAllMicroservices();
  return logger.text();
}

describe('messages that a global guard does not reach', () => {
  const both = [OrdersController, ClosedController];

  it('are named at start with what to write', async () => {
    const said = await saidBy(both, (app) => connect(app));
    expect(said).toContain(
      `The global JwtAuthGuard ${MESSAGES} of a microservice that inherits nothing of the application, so that everybody may send those of OrdersController (list, ordered). Example: app.connectMicroservice(options, { inheritAppConfig: true })`,
    );
    expect(said.split(MESSAGES)).toHaveLength(2);
  });

  it('are named where the guard is told to the application itself, and later', async () => {
    const said = await saidBy(
      both,
      (app) => {
        connect(app);
        app.useGlobalGuards(app.get(JwtAuthGuard, { strict: false }));
      },
      [],
    );
    expect(said).toContain('OrdersController (list, ordered)');
  });

  it('are named where the application has started before', async () => {
    const logger = new LogLines();
    const own = { controllers: both, providers: [GLOBAL] };
    const { app } = await startHost(await hostModule('unreached', own), { logger });
    expect(logger.text()).not.toContain(MESSAGES);
    connect(app, {});
    await app.startAllMicroservices();
    expect(logger.text()).toContain('OrdersController (list, ordered)');
  });

  it.each([
    ['before', [{ inheritAppConfig: true }, {}]],
    ['behind', [{}, { inheritAppConfig: true }]],
  ])('are named where another microservice inherits, connected %s', async (_when, hybrids) => {
    const said = await saidBy(both, (app) => {
      for (const hybrid of hybrids) connect(app, hybrid);
    });
    expect(said).toContain('OrdersController (list, ordered)');
  });

  it('are not named where they inherit, have a guard of their own, or no guard is global', async () => {
    const inheriting = (app: INestApplication): void => connect(app, { inheritAppConfig: true });
    expect(await saidBy(both, inheriting)).not.toContain(MESSAGES);
    await stopHosts();
    expect(await saidBy([ClosedController], (app) => connect(app))).not.toContain(MESSAGES);
    await stopHosts();
    expect(await saidBy(both, (app) => connect(app), [])).not.toContain(MESSAGES);
    await stopHosts();
    const optional = { provide: APP_GUARD, useClass: OptionalJwtAuthGuard };
    expect(await saidBy(both, (app) => connect(app), [optional])).not.toContain(MESSAGES);
  });

  it('are not named in an application of messages alone, which has but one configuration', async () => {
    const logger = new LogLines();
    const app = await NestFactory.createMicroservice(
      await hostModule('unreached', { controllers: both, providers: [GLOBAL] }),
      { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 }, logger },
    );
    await app.listen();
    expect(app.get(AuthModule)).toBeDefined();
    expect(logger.text()).not.toContain(MESSAGES);
    await app.close();
  });
});
