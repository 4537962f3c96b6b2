import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupCpu, groupMemory } from './machine.mjs';
import { freePort } from './postgres.mjs';

/** The key of every measured server. */
export const SIGNING_KEY = 'the-signing-key-of-the-bench-0123456789abcdef0123456789abcdef';

/** Until a server answers; a reference server may hash its users' passwords first. */
const START_LIMIT = 120_000;

/**
 * Starts a server in a process group of its own and waits until it answers.
 *
 * @param command - for the shell; reads `PORT` and the variables of the server
 * @param cores - as taskset writes them
 */
export async function startServer({ name, command, cores, folder, env = {} }) {
  const port = await freePort();
  const log = join(folder, `${name}.log`);
  const output = openSync(log, 'w');
  const began = performance.now();
  const child = spawn('taskset', ['-c', cores, 'sh', '-c', command], {
    detached: true,
    stdio: ['ignore', output, output],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: join(folder, name),
      SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
      SIMPLE_JWT_ACCESS_TOKEN_LIFETIME: '1h',
      ...env,
    },
  });
  const ended = new Promise((resolve) => {
    child.once('close', resolve);
  });
  const server = {
    name,
    url: `http://127.0.0.1:${port}`,
    group: child.pid,
    cpu: () => groupCpu(child.pid),
    memory: () => groupMemory(child.pid),
    stop: () => stopGroup(child, ended),
  };
  while (!(await answers(server.url))) {
    if (child.exitCode !== null || performance.now() - began > START_LIMIT) {
      await server.stop();
      const said = readFileSync(log, 'utf8').slice(-2000);
      throw new Error(`${name} did not start: ${command}\n${said}`);
    }
    await sleep(50);
  }
  return { ...server, startedIn: performance.now() - began };
}

async function answers(url) {
  try {
    const response = await fetch(`${url}/users/me`);
    await response.arrayBuffer();
    return response.status < 500;
  } catch {
    return false;
  }
}

async function stopGroup(child, ended) {
  if (child.exitCode !== null) return;
  process.kill(-child.pid, 'SIGTERM');
  const isOver = await Promise.race([ended.then(() => true), sleep(11_000, false, { ref: false })]);
  if (!isOver) process.kill(-child.pid, 'SIGKILL');
  await ended;
}

/** Users of the fixture, `user1` … */
export function benchUsers(count) {
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    username: `user${i + 1}`,
    password: `bench-password-${i + 1}`,
    is_active: true,
    is_staff: false,
  }));
}

/** Logs in and gives the pair of tokens. */
export async function logIn(server, { username, password }) {
  const response = await fetch(`${server.url}/login/simpleJWT`, {
    method: 'POST',
    // A server that closes idle connections would now and then close this one under the request.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ username, password }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${server.name}: login ${response.status} ${text}`);
  return JSON.parse(text);
}

/** As many sessions as wanted, users in turn, four log-ins at a time. */
export async function openSessions(server, users, count) {
  const pairs = [];
  for (let next = 0; next < count; next += 4) {
    const some = Array.from({ length: Math.min(4, count - next) }, (_, i) =>
      logIn(server, users[(next + i) % users.length]),
    );
    pairs.push(...(await Promise.all(some)));
  }
  return pairs;
}
