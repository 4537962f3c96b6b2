import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthModule } from '../../src/index.js';
import {
  SERVER_VARIABLE,
  databaseName,
  databaseUrl,
  dropDatabases,
  query,
} from '../support/databases.js';
import { runToEnd } from '../support/process.js';
import { SIGNING_KEY } from '../support/tokens.js';
import { hostTypeOrm, startHost, stopHosts } from './hosts/host.js';

jest.setTimeout(60_000);

describe('a database that has no place for every name', () => {
  async function createDatabase(encoding: string): Promise<string> {
    const name = `encoding_${encoding.toLowerCase()}`;
    await query(
      process.env[SERVER_VARIABLE] ?? '',
      `CREATE DATABASE ${databaseName(name)} ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`,
    );
    return databaseUrl(name);
  }

  afterEach(async () => {
    await stopHosts();
    await dropDatabases('encoding');
  });

  it.each(['LATIN1', 'SQL_ASCII'])(
    'in %s is refused by the server and by a host',
    async (encoding) => {
      const url = await createDatabase(encoding);
      const { code, output } = await runToEnd({
        DATABASE_URL: url,
        SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY,
      });
      expect(output).toContain(`The database's encoding is ${encoding}`);
      expect(output).toContain("ENCODING 'UTF8' TEMPLATE template0");
      expect(output).not.toMatch(/^\s+at /m);
      expect(code).toBe(1);
      // Refused before the migrations: nothing is left to move.
      const tables = await query(url, "SELECT FROM pg_tables WHERE schemaname = 'public'");
      expect(tables).toEqual([]);

      @Module({
        imports: [
          TypeOrmModule.forRoot(hostTypeOrm(url)),
          AuthModule.forRoot({ signingKey: SIGNING_KEY }),
        ],
      })
      class HostModule {}
      await expect(startHost(HostModule)).rejects.toThrow(`The database's encoding is ${encoding}`);
    },
  );
});
