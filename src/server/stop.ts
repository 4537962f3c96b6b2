import { once } from 'node:events';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RequestListener, Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** How long new requests are accepted after the signal, ms: a load balancer needs a moment to notice. */
const GRACE = 500;
/** The server stops listening when no request has come for this time, ms … */
const QUIET = 20;
/** … and after this time at the latest, ms. */
const LONGEST_HOLD = 300;
/** When connections that have not ended are cut, ms; the whole stop must stay below ten seconds. */
const PATIENCE = 7000;
/** Interval between two searches for idle connections, ms. */
const SWEEP = 100;

/**
 * Closes the server without losing a request that has arrived: for a moment it accepts new requests and answers every
 * client with `Connection: close`; then it stops listening, waits for the answers, and cuts idle connections.
 */
export async function drain(app: NestFastifyApplication, server: Server): Promise<void> {
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  await delay(GRACE);
  const closed = once(server, 'close');
  await stopListening(server);
  // Repeatedly: an answer that was being sent at the signal has told its client that the connection stays open.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP);
  const cut = setTimeout(() => server.closeAllConnections(), PATIENCE);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
  await app.close();
}

/**
 * Accepts no more connections. At that moment the system resets connections that wait to be accepted, also those that
 * have sent a request; and a client that was told to close connects again at once. Requests are therefore held without
 * an answer until no new one comes (a client that waits for an answer sends no other request), then the server stops
 * listening, and then the held requests are answered.
 */
async function stopListening(server: Server): Promise<void> {
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

/** Settles in a timer's callback: at that point Node has just polled for connections and found none. */
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
