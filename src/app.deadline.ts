import type { FastifyInstance, FastifyReply } from 'fastify';
import { UnavailableError } from './common/errors.js';

/** Between two looks at the requests that wait, ms: how late a deadline may be noticed. */
const SWEEP = 100;

/**
 * Answers 503 where a request has not been answered in time; what its handler says later is dropped. Time counts from
 * the end of the request's body, so that slow clients do not use it up, and ends with the first byte of the answer.
 *
 * Fastify's own `handlerTimeout` makes a timer, an `AbortController` and listeners for each request, a quarter of what a
 * guarded one costs. Here those that are answered at once are never looked at again.
 *
 * @param limit - ms
 */
export function limitAnswerTime(fastify: FastifyInstance, limit: number): void {
  const waiting = new Map<FastifyReply, number>();
  let arrived: FastifyReply[] = [];
  let sweeping: NodeJS.Timeout | null = null;

  const sweep = (): void => {
    const now = performance.now();
    for (const [reply, since] of waiting) {
      const { raw, request } = reply;
      if (reply.sent || raw.headersSent || raw.destroyed) waiting.delete(reply);
      else if (!request.raw.complete) waiting.set(reply, now);
      else if (now - since >= limit) {
        waiting.delete(reply);
        reply.send(new UnavailableError('too_slow'));
      }
    }
    if (waiting.size > 0 || sweeping === null) return;
    clearInterval(sweeping);
    sweeping = null;
  };
  const sort = (): void => {
    const now = performance.now();
    for (const reply of arrived) if (!reply.sent) waiting.set(reply, now);
    arrived = [];
    if (waiting.size > 0) sweeping ??= setInterval(sweep, SWEEP).unref();
  };

  fastify.addHook('onRequest', (_request, reply, done) => {
    if (arrived.push(reply) === 1) setImmediate(sort);
    done();
  });
}
