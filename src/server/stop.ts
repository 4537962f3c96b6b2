import { once } from 'node:events';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RequestListener, Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** How long new requests are still accepted after the signal, ms: load balancers need a moment to notice. */
const GRACE = 500;
/** The door closes when nobody has come for so long, and after the second time at the latest, ms. */
const QUIET = 20;
const LONGEST_HOLD = 300;
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
  const closed = once(server, 'close');
  await closeDoor(server);
  // Again and again: an answer that was under way at the signal has promised its client to keep the connection.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP);
  const cut = setTimeout(() => server.closeAllConnections(), PATIENCE);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
  await app.close();
}

/**
 * Accepts no more connections. The system resets those that wait to be accepted at that time, also if they have sent a
 * request; and clients that are told to close come back at once. So requests are held until nobody comes any more (who
 * waits for an answer does not come again), then the door is closed, then they are answered.
 */
async function closeDoor(server: Server): Promise<void> {
  const handlers = server.listeners('request') as RequestListener[];
  const held: Parameters<RequestListener>[] = [];
  server.removeAllListeners('request');
  server.on('request', (...exchange) => {
    held.push(exchange);
  });
  await untilQuiet(server);
  server.close();
  server.removeAllListeners('request');
  for (const handler of handlers) server.on('request', handler);
  for (const exchange of held) server.emit('request', ...exchange);
}

/** Settles from a timer: Node has just looked for connections, and found none. */
async function untilQuiet(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const limit = setTimeout(resolve, LONGEST_HOLD);
    const quiet = setTimeout(() => {
      clearTimeout(limit);
      resolve();
    }, QUIET);
    for (const event of ['connection', 'request']) server.on(event, () => quiet.refresh());
  });
}
