import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** How long new requests are still accepted after the signal, ms: load balancers need a moment to notice. */
const GRACE = 500;
/** Until connections that do not end by themselves are cut, ms; the whole must stay below ten seconds. */
const PATIENCE = 7000;
/** Between two looks for connections that idle, ms. */
const SWEEP = 100;

/**
 * Closes without dropping anything that had arrived: for a moment it goes on accepting, tells every client
 * `Connection: close`, then accepts no more, waits for the answers, and cuts what idles.
 */
export async function drain(app: NestFastifyApplication, server: Server): Promise<void> {
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  await delay(GRACE);
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Again and again: an answer that was under way at the signal has promised its client to keep the connection.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP);
  const cut = setTimeout(() => server.closeAllConnections(), PATIENCE);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
  await app.close();
}
