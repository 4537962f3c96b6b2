import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { UnavailableError, type AuthError } from '../common/errors.js';

/** Whatever the database does, a request is answered within five seconds (design §7); ms. */
export const ANSWER_LIMIT = 4200;

/** Time between two looks at the waiting requests, ms: a deadline is noticed at most this late. */
const SWEEP = 100;

/** How to deal with a platform's replies. */
interface ReplyKind<Reply> {
  readonly isAnswered: (reply: Reply) => boolean;
  readonly requestOf: (reply: Reply) => IncomingMessage;
  readonly refuse: (reply: Reply, error: AuthError) => void;
}

/**
 * Answers 503 where a watched request has not been answered in time; what its handler answers later is dropped. Time counts
 * from the end of the request's body, so that slow clients do not use it up, and ends with the first byte of the answer.
 *
 * Fastify's own `handlerTimeout` makes a timer, an `AbortController` and listeners for each request, a quarter of what a
 * guarded one costs. Here requests that are answered at once cost no timer.
 *
 * @param limit - ms
 * @returns what watches a request
 */
export function answerDeadline<Reply>(
  limit: number,
  { isAnswered, requestOf, refuse }: ReplyKind<Reply>,
): (reply: Reply) => void {
  const waiting = new Map<Reply, number>();
  let arrived: Reply[] = [];
  let sweeping: NodeJS.Timeout | null = null;

  const sweep = (): void => {
    const now = performance.now();
    for (const [reply, since] of waiting) {
      if (isAnswered(reply)) waiting.delete(reply);
      else if (!requestOf(reply).complete) waiting.set(reply, now);
      else if (now - since >= limit) {
        waiting.delete(reply);
        refuse(reply, new UnavailableError('too_slow'));
      }
    }
    if (waiting.size > 0 || sweeping === null) return;
    clearInterval(sweeping);
    sweeping = null;
  };
  const sort = (): void => {
    const now = performance.now();
    for (const reply of arrived) if (!isAnswered(reply)) waiting.set(reply, now);
    arrived = [];
    if (waiting.size > 0) sweeping ??= setInterval(sweep, SWEEP).unref();
  };
  return (reply) => {
    if (arrived.push(reply) === 1) setImmediate(sort);
  };
}

/** Whether the answer has begun, or the client has gone. */
export function isOver(response: ServerResponse): boolean {
  return response.headersSent || response.destroyed;
}

const limited = new WeakSet<FastifyInstance>();

/**
 * Puts the deadline on every request of a Fastify server.
 *
 * @param limit - ms
 */
export function limitAnswerTime(fastify: FastifyInstance, limit: number): void {
  limited.add(fastify);
  const watch = fastifyDeadline(limit, (reply, error) => void reply.send(error));
  fastify.addHook('onRequest', (_request, reply, done) => {
    watch(reply);
    done();
  });
}

/** Whether `limitAnswerTime` watches all requests of this server. */
export function hasAnswerLimit(fastify: FastifyInstance): boolean {
  return limited.has(fastify);
}

/** A deadline for single requests of a Fastify server; see `answerDeadline`. */
export function fastifyDeadline(
  limit: number,
  refuse: (reply: FastifyReply, error: AuthError) => void,
): (reply: FastifyReply) => void {
  return answerDeadline<FastifyReply>(limit, {
    isAnswered: (reply) => reply.sent || isOver(reply.raw),
    requestOf: (reply) => reply.request.raw,
    refuse,
  });
}
