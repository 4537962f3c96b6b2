import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseAddress, parseRange, rangeTest } from '../../src/common/address.js';
import { readEnvironment } from '../../src/config/environment.js';
import { SERVER_VARIABLES } from '../../src/config/server-variables.js';
import { SETTING_NAMES, environmentName } from '../../src/config/settings.js';

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly environment?: Readonly<Record<string, string>> | readonly string[];
  readonly env_file?: readonly { readonly path: string; readonly required: boolean }[];
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
}

const ROOT = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
// Compose merges `<<`, as YAML 1.1 does.
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Readonly<Record<'secrets' | 'postgres' | 'server' | 'cli', Service>>;
  volumes: Readonly<Record<string, null>>;
};
const { services } = compose;
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
/** What `npm start` runs, and the other specs. */
const START = scripts['start'];
const VARIABLES = [
  ...SETTING_NAMES.map(environmentName),
  ...Object.values(SERVER_VARIABLES).map(({ env }) => env),
];
/** Variables of the Postgres image: https://hub.docker.com/_/postgres */
const POSTGRES_VARIABLES = [
  'POSTGRES_USER',
  'POSTGRES_DB',
  'POSTGRES_PASSWORD',
  'POSTGRES_PASSWORD_FILE',
  'POSTGRES_INITDB_ARGS',
  'POSTGRES_HOST_AUTH_METHOD',
  'PGDATA',
];

function instructions(name: string): string[] {
  return [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(
    (match) => match[1] ?? '',
  );
}

function variablesOf({ environment = [] }: Service): string[] {
  const lines = Array.isArray(environment) ? (environment as string[]) : Object.keys(environment);
  return lines.map((line) => line.split('=', 1)[0] ?? '');
}

/** As compose hands it to the container: `$$` is how it spells a dollar. */
function unescaped(text = ''): string {
  return text.replaceAll('$$', '$');
}

describe('Dockerfile', () => {
  const variables = new Map(
    instructions('ENV').flatMap((line) =>
      line.split(' ').map((pair) => pair.split('=', 2) as [string, string]),
    ),
  );

  it('sets variables that the server knows, with values that it takes', () => {
    expect(VARIABLES).toEqual(expect.arrayContaining([...variables.keys()]));
    const config = readEnvironment({
      ...Object.fromEntries(variables),
      DATABASE_URL: 'postgres://user:password@host:5432/name',
      SIMPLE_JWT_SIGNING_KEY: 'a-signing-key-of-the-tests-0123456789',
    });
    expect(config).toMatchObject({ nodeEnv: 'production', host: '0.0.0.0' });
    expect(instructions('EXPOSE')).toEqual([String(config.port)]);
  });

  it('runs the tested start command, and not as root', () => {
    expect(instructions('CMD').map((line): unknown => JSON.parse(line))).toEqual([
      START?.split(' '),
    ]);
    expect(instructions('USER')).toEqual(['node']);
  });

  it('copies only what is there and what .dockerignore lets in', () => {
    const allowed = read('.dockerignore').split('\n');
    const copied = instructions('COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) =>
        line
          .split(' ')
          .slice(0, -1)
          .map((path) => path.replace('./', '')),
      );
    for (const path of copied) expect(allowed).toContain(`!${path}`);
  });

  it('installs the manifests of all workspaces that the lock file names, and leaves none dangling', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
    const copies = instructions('COPY').slice(0, 2).join(' ').split(' ');
    for (const workspace of workspaces) {
      const { name } = JSON.parse(read(`${workspace}/package.json`)) as { name: string };
      expect(copies).toContain(`${workspace}/package.json`);
      // The image has no such folder for npm's link to lead to.
      expect(instructions('RUN').join(' ')).toContain(` node_modules/${name}`);
    }
  });

  it('probes a path that the server has, on its port', () => {
    const [probe = ''] = instructions('HEALTHCHECK');
    const command = JSON.parse(probe.slice(probe.indexOf('CMD ') + 4)) as string[];
    const path = /:\$\{process\.env\.PORT \|\| (\d+)\}([/\w]+)`/.exec(command.at(-1) ?? '');
    const document = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, unknown> };
    expect(Object.keys(document.paths)).toContain(path?.[2]);
    expect(path?.[1]).toBe(variables.get('PORT'));
    // It is a program that runs: nobody listens on this port, so that it says "unhealthy".
    const [program = '', ...args] = command;
    expect(program).toBe('node');
    expect(() => execFileSync(process.execPath, args, { env: { PORT: '1' } })).toThrow(
      expect.objectContaining({ status: 1 }),
    );
  });
});

describe('docker-compose.yml', () => {
  it('sets variables that the server or the Postgres image knows', () => {
    expect(VARIABLES).toEqual(expect.arrayContaining(variablesOf(services.server)));
    expect(VARIABLES).toEqual(expect.arrayContaining(variablesOf(services.cli)));
    expect(POSTGRES_VARIABLES).toEqual(expect.arrayContaining(variablesOf(services.postgres)));
  });

  it('hands all of .env to the server and the commands, but for what must fit the container', () => {
    for (const { env_file: files } of [services.server, services.cli]) {
      expect(files).toEqual([{ path: '.env', required: false }]);
    }
    for (const service of [services.secrets, services.postgres]) {
      expect(service.env_file).toBeUndefined();
    }
    // What stands under `environment` comes before what a file says.
    const fixed = (services.server.environment as string[]).filter((line) => /=[^$]/.test(line));
    const image = instructions('ENV').flatMap((line) => line.split(' '));
    expect(fixed.toSorted()).toEqual(image.toSorted());
    expect(services.cli.environment).toContain('NODE_ENV=production');
  });

  it('believes the proxy that reaches its port through the gateway of Docker, or the one that .env names', () => {
    const line = (services.server.environment as string[]).find((entry) =>
      entry.startsWith('TRUSTED_PROXIES='),
    );
    const [, standard = ''] =
      /^TRUSTED_PROXIES=\$\{TRUSTED_PROXIES:-(.*)\}$/.exec(line ?? '') ?? [];
    const { settings } = readEnvironment({
      DATABASE_URL: 'postgres://user:password@host:5432/name',
      SIMPLE_JWT_SIGNING_KEY: randomBytes(32).toString('base64'),
      TRUSTED_PROXIES: standard,
    });
    const isTrusted = rangeTest(settings.trustedProxies.flatMap((text) => parseRange(text) ?? []));
    for (const gateway of ['172.18.0.1', '192.168.65.1']) {
      expect(isTrusted(parseAddress(gateway)!)).toBe(true);
    }
    expect(isTrusted(parseAddress('203.0.113.7')!)).toBe(false);
  });

  it('runs the tested start command on the port that the image exposes', () => {
    expect(services.server.build).toBe('.');
    expect(services.server.command?.at(-1)).toMatch(new RegExp(`; exec ${START}$`));
    expect(services.server.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+:3000$/)]);
    expect(services.cli.image).toBe(services.server.image);
  });

  it('starts each service when what it needs is there, and has the volumes that it names', () => {
    expect(services.postgres.depends_on).toEqual({
      secrets: { condition: 'service_completed_successfully' },
    });
    expect(services.server.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(services.postgres.healthcheck?.test.slice(0, 2)).toEqual(['CMD', 'pg_isready']);
    const named = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0]),
    );
    expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)));
  });

  it.each(Object.entries(services))(
    'lets %s do and write no more than it must',
    (name, service) => {
      expect(service).toMatchObject({
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        read_only: true,
      });
      const kept: Readonly<Record<string, readonly string[]>> = {
        secrets: ['CHOWN', 'DAC_OVERRIDE'],
        postgres: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'],
      };
      expect(service.cap_add ?? []).toEqual(kept[name] ?? []);
      expect(service.tmpfs ?? []).toEqual(
        name === 'postgres' ? ['/var/run/postgresql', '/tmp'] : [],
      );
    },
  );

  it('holds no secret', () => {
    expect(read('docker-compose.yml')).not.toMatch(/(KEY|PASSWORD)\s*[:=]\s*["']?[\w+/]{8,}/);
  });

  describe('its secrets', () => {
    let folder: string;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'compose-'));
      mkdirSync(join(folder, 'database'));
      mkdirSync(join(folder, 'server'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    /** The one-shot service's own script, on this folder; files keep their owner, which only root could change. */
    function makeSecrets(): void {
      const [shell = '', option = ''] = services.secrets.entrypoint ?? [];
      const script = unescaped(services.secrets.command?.[0])
        .replaceAll('/secrets', folder)
        .replaceAll(/^\s*chown .*$/gm, '');
      execFileSync(shell, [option, script]);
    }

    /** What the server's own command line sees. */
    function serverEnvironment(env: Record<string, string> = {}): Record<string, string> {
      const [shell = '', option = '', script = ''] = services.server.command ?? [];
      const printing = unescaped(script)
        .replaceAll('/run/secrets', folder)
        .replace(`exec ${START}`, `exec "${process.execPath}" -p 'JSON.stringify(process.env)'`);
      const output = execFileSync(shell, [option, printing], { env, encoding: 'utf8' });
      return JSON.parse(output) as Record<string, string>;
    }

    it('start the server in production mode, with the password that Postgres has', () => {
      makeSecrets();
      const env = serverEnvironment({ NODE_ENV: 'production' });
      const config = readEnvironment(env);
      const password = readFileSync(join(folder, 'database', 'password'), 'utf8').trim();
      const { POSTGRES_USER: user, POSTGRES_DB: name } = services.postgres.environment as Record<
        string,
        string
      >;
      expect(password).toMatch(/^[0-9a-f]{64}$/);
      expect(config.databaseUrl).toBe(`postgres://${user}:${password}@postgres:5432/${name}`);
      expect(config.settings.signingKey).toMatch(/^[0-9a-f]{64}$/);
      expect(config.settings.signingKey).not.toBe(password);
    });

    it('are the same at the next start, and others in another installation', () => {
      makeSecrets();
      const first = serverEnvironment();
      makeSecrets();
      expect(serverEnvironment()).toEqual(first);
      rmSync(join(folder, 'server', 'signing-key'));
      makeSecrets();
      expect(serverEnvironment()['SIMPLE_JWT_SIGNING_KEY']).not.toBe(
        first['SIMPLE_JWT_SIGNING_KEY'],
      );
    });

    it('give way to a key from outside', () => {
      makeSecrets();
      const key = "a key with spaces, 'quotes' and $dollars";
      expect(serverEnvironment({ SIMPLE_JWT_SIGNING_KEY: key })).toMatchObject({
        SIMPLE_JWT_SIGNING_KEY: key,
      });
    });
  });

  it('hands arguments to the commands', () => {
    const [shell = '', option = '', script = '', name = ''] = services.cli.entrypoint ?? [];
    const echoing = unescaped(script)
      .replace(/set -a; \. \S+;/, '')
      .replace('exec node dist/cli/main.js', `exec printf '%s\\n'`);
    const output = execFileSync(shell, [option, echoing, name, 'createuser', 'two words']);
    expect(output.toString()).toBe('createuser\ntwo words\n');
  });
});
