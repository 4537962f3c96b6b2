import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIST } from '../support/process.js';
import { startTestServer } from '../support/server.js';

jest.setTimeout(60_000);

/** Runs the command without any configuration, in a folder where none is. */
function createClient(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const main = join(DIST, 'cli', 'main.js');
    const options = { cwd: tmpdir(), env: { PATH: process.env['PATH'] } };
    const command = [main, 'create-client', ...args];
    execFile(process.execPath, command, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

describe('nest-simplejwt create-client', () => {
  it('makes credentials that work as it prints them, and keeps nothing', async () => {
    const { code, stdout, stderr } = await createClient('billing');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const secret = /^Client secret \(shown once\): ([\w-]{43})$/m.exec(stdout)?.[1] ?? '';
    const line = /^Add to OAUTH_CLIENTS, .*: (billing:sha256-\S+)$/m.exec(stdout)?.[1] ?? '';
    expect(line).not.toContain(secret);

    const server = await startTestServer({ env: { OAUTH_CLIENTS: line } });
    const fields = { token: 'x', client_id: 'billing' };
    for (const [client_secret, status] of [
      [secret, 200],
      [`${secret}x`, 401],
    ] as const) {
      const answer = await server.client.post('/oauth/revoke', { ...fields, client_secret });
      expect(answer.status).toBe(status);
    }
    await server.stop();
  });

  it('makes another secret each time', async () => {
    const [one, other] = await Promise.all([createClient('a'), createClient('a')]);
    expect(one.stdout).not.toBe(other.stdout);
  });

  it.each([[['a b']], [['a:b']], [['a,b']], [['ä']], [['']]])(
    'refuses an id that would need escaping: %j',
    async (args) => {
      const { code, stdout, stderr } = await createClient(...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('Example: billing');
      expect(stderr).not.toMatch(/^\s+at /m);
    },
  );

  it('asks for the id', async () => {
    expect((await createClient()).code).toBe(1);
  });
});
