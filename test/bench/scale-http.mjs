import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import {
  GENERATION,
  isEnded,
  isLive,
  PASSWORD,
  sessionId,
  USER_AGENT,
  USER_COUNT,
  userOf,
} from './scale-fill.mjs';
import { SIGNING_KEY } from './server.mjs';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEADER = encode({ alg: 'HS256', typ: 'JWT' });

/** A token of the n-th session, as the server would have signed it. */
function tokenOf(n, type, more = {}) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    token_type: type,
    exp: now + 3600,
    iat: now,
    jti: sessionId(-n),
    user_id: String(userOf(n)),
  };
  const input = `${HEADER}.${encode({ ...claims, sid: sessionId(n), ...more })}`;
  return `${input}.${createHmac('sha256', SIGNING_KEY).update(input).digest('base64url')}`;
}

/** One client with one connection. Each method gives the latency in ms. */
export class HttpClient {
  constructor(server, sessions) {
    this.server = server;
    this.sessions = sessions;
    this.agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.used = new Set();
  }

  /** Any session of the kind. */
  pick(isWanted) {
    for (;;) {
      const n = 1 + Math.floor(Math.random() * this.sessions);
      if (isWanted(n)) return n;
    }
  }

  /** A live session that was not chosen before. */
  pickFresh() {
    if (this.used.size > this.sessions / 2) throw new Error('too many rounds for so few sessions');
    const n = this.pick((candidate) => isLive(candidate) && !this.used.has(candidate));
    this.used.add(n);
    return n;
  }

  refresh(n = this.pickFresh()) {
    const token = tokenOf(n, 'refresh', { gen: GENERATION });
    return this.send({ path: '/login/simpleJWT/refresh', body: { refresh: token }, status: 200 });
  }

  logIn() {
    const username = `user${1 + Math.floor(Math.random() * USER_COUNT)}`;
    return this.send({
      path: '/login/simpleJWT',
      body: { username, password: PASSWORD },
      status: 200,
    });
  }

  /** The latencies of a token's first use, which asks the database, and of its second, which does not. */
  async guard(n = this.pickFresh()) {
    const token = tokenOf(n, 'access');
    const first = await this.send({ path: '/users/me', token, status: 200 });
    return [first, await this.send({ path: '/users/me', token, status: 200 })];
  }

  guardEnded(n = this.pick(isEnded)) {
    return this.send({ path: '/users/me', token: tokenOf(n, 'access'), status: 401 });
  }

  close() {
    this.agent.destroy();
  }

  send({ path, body, token, status }) {
    const text = body && JSON.stringify(body);
    const headers = {
      'user-agent': USER_AGENT,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(text && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      }),
    };
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const sent = request(`${this.server.url}${path}`, {
        agent: this.agent,
        method: text ? 'POST' : 'GET',
        headers,
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        response.resume().once('end', () => {
          const latency = performance.now() - began;
          if (response.statusCode === status) resolve(latency);
          else reject(new Error(`${path} answered ${response.statusCode}, not ${status}`));
        });
      });
      sent.end(text);
    });
  }
}
