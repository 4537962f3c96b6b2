import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../../src/index.js';
import { hostTypeOrm, startHost, stopHosts } from '../e2e/hosts/host.js';
import { query } from '../support/databases.js';
import { LogLines } from '../support/log-lines.js';
import { runToEnd, spawnServer } from '../support/process.js';
import { startSharedPostgres, type SharedPostgres } from '../support/shared-postgres.js';
import { SIGNING_KEY } from '../support/tokens.js';

jest.setTimeout(60_000);

const OPEN = 'Others may create operators and functions';
const REVOKE = 'REVOKE CREATE ON SCHEMA public FROM PUBLIC';

/**
 * Before Postgres 15 whoever may connect may create in `public`, and an operator for two varchars is taken before
 * Postgres' own one for texts: it would run with the rights of the server's role at the next log-in.
 */
describe('a stranger who may create in a schema of the search path', () => {
  let postgres: SharedPostgres;
  let database: string;

  beforeAll(async () => {
    postgres = await startSharedPostgres();
  });

  afterAll(() => postgres.stop());

  let count = 0;
  beforeEach(async () => {
    database = await postgres.createDatabase(`open_${++count}`);
  });

  afterEach(stopHosts);

  const env = (more: Record<string, string> = {}): Record<string, string> => ({
    DATABASE_URL: database,
    SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
    ...more,
  });
  const production = { NODE_ENV: 'production' };
  const grant = (right: string): Promise<unknown> => query(database, `GRANT ${right}`);

  function host() {
    @Module({
      imports: [
        TypeOrmModule.forRoot(hostTypeOrm(database)),
        AuthModule.forRoot({ signingKey: SIGNING_KEY }),
      ],
    })
    class HostModule {}
    return HostModule;
  }

  it('keeps the server from starting in production, before anything that was planted could run', async () => {
    await grant('CREATE ON SCHEMA public TO PUBLIC');
    await query(
      postgres.asGuest(database),
      `CREATE TABLE public.calls (role name); GRANT INSERT ON public.calls TO PUBLIC;
       CREATE FUNCTION public.planted(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS $$
         BEGIN INSERT INTO public.calls VALUES (current_user); RETURN true; END $$;
       CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = public.planted)`,
    );
    const { code, output } = await runToEnd(env(production));
    expect(output).toContain('The server cannot start.');
    expect(output).toContain(REVOKE);
    expect(output).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
    await expect(query(postgres.asGuest(database), 'SELECT * FROM calls')).resolves.toEqual([]);
    // The attack itself: what the statements of a log-in would have met.
    await query(database, `SELECT 'a'::varchar = 'b'::varchar`);
    const calls = await query(postgres.asGuest(database), 'SELECT * FROM calls');
    expect(calls).toEqual([{ role: 'simplejwt' }]);
  });

  it.each([
    ['outside of production', {}],
    ['in parity', { ...production, SIMPLE_JWT_PROFILE: 'parity' }],
  ])('is told of with the REVOKE to give, once, %s', async (_where, more) => {
    await grant('CREATE ON SCHEMA public TO PUBLIC');
    const server = await spawnServer(env(more));
    expect(server.output().split(OPEN)).toHaveLength(2);
    expect(server.output()).toContain(REVOKE);
    await server.stop();
  });

  it('is named, also where only the database is open and the path names a schema that nobody has made', async () => {
    await grant('CREATE ON SCHEMA public TO guest');
    await grant('CREATE ON DATABASE ' + new URL(database).pathname.slice(1) + ' TO guest');
    const { code, output } = await runToEnd(env(production));
    expect(code).toBe(1);
    const name = new URL(database).pathname.slice(1);
    expect(output).toContain('REVOKE CREATE ON SCHEMA public FROM guest');
    expect(output).toContain(`REVOKE CREATE ON DATABASE ${name} FROM guest`);
    await query(
      database,
      `REVOKE CREATE ON SCHEMA public FROM guest; ALTER DATABASE ${name} SET search_path = public`,
    );
    const server = await spawnServer(env(production));
    expect(server.output()).not.toContain(OPEN);
    await server.stop();
  });

  it('is not imagined where the right belongs to the role of the server', async () => {
    await grant('CREATE ON SCHEMA public TO simplejwt');
    const server = await spawnServer(env(production));
    expect(server.output()).not.toContain(OPEN);
    await server.stop();
  });

  it('keeps a host from starting in production, and is told of elsewhere', async () => {
    await grant('CREATE ON SCHEMA public TO PUBLIC');
    const logger = new LogLines();
    await startHost(host(), { logger });
    expect(logger.text()).toContain(REVOKE);
    await stopHosts();
    const { NODE_ENV } = process.env;
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startHost(host())).rejects.toThrow(REVOKE);
    } finally {
      process.env['NODE_ENV'] = NODE_ENV;
    }
  });
});
