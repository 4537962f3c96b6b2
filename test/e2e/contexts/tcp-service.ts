import type { INestApplication, NestHybridApplicationOptions } from '@nestjs/common';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';

/** Lets a host take messages over TCP on a free port, and gives a client of it. */
export async function startTcp(
  app: INestApplication,
  hybrid: NestHybridApplicationOptions = {},
): Promise<ClientProxy> {
  const service = app.connectMicroservice(
    { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
    hybrid,
  );
  await service.listen();
  const { port } = (service as unknown as TcpService).serverInstance.server.address();
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
  });
  await client.connect();
  return client;
}

/** Where Nest's TCP server keeps Node's. */
interface TcpService {
  readonly serverInstance: { readonly server: { readonly address: () => { port: number } } };
}
