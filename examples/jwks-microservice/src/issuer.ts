import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The server that logs users in: `nest-simplejwt` with a key ring, on the database of `DATABASE_URL`. */
export interface Issuer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** How the issuer names itself in its tokens. */
export const ISSUER = 'https://accounts.example';

/** Makes a signing key and a user, as an operator would, and starts the server. */
export async function startIssuer(
  username: string,
  password: string,
  audience: string,
): Promise<Issuer> {
  await command('keys', 'generate', '--algorithm', 'ES256');
  await command('keys', 'rotate');
  const created = command('createuser', '--username', username, '--password-stdin');
  created.child.stdin?.end(`${password}\n`);
  await created;
  const child = spawn('npx', ['--no', 'nest-simplejwt'], {
    env: {
      ...process.env,
      PORT: '0',
      SIMPLE_JWT_ISSUER: ISSUER,
      SIMPLE_JWT_AUDIENCE: audience,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  for await (const line of createInterface(child.stdout)) {
    const url = /listens on (\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      url,
      stop: async () => {
        child.kill('SIGTERM');
        await closed;
      },
    };
  }
  throw new Error('the issuer did not start');
}

function command(...args: string[]) {
  return execute('npx', ['--no', 'nest-simplejwt', ...args]);
}
