import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { temporaryFolder } from './test-postgres.js';

/** Whether this machine has a Redis to test with; Debian's package is `redis-server`. */
export const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis of its own, which keeps nothing. */
export class TestRedis {
  private child: ChildProcess | null = null;
  private readonly folder = temporaryFolder();

  private constructor(private readonly port: number) {}

  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await freePort());
    await redis.restart();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it on the same port again. */
  async restart(): Promise<void> {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder];
    const child = spawn('redis-server', [...options, '--save', '', '--appendonly', 'no'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    let output = '';
    for await (const data of child.stdout) {
      output += String(data);
      if (output.includes('Ready to accept connections')) break;
    }
    // Unread output would fill the pipe and block it.
    child.stdout.resume();
    if (child.exitCode !== null) throw new Error(`redis-server ended:\n${output}`);
  }

  /** Lets it live on without answering. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
