import { feedAddress } from './feed-address.js';

const ALWAYS = { keepAlive: true, application_name: 'nest-simplejwt feed' };

describe('feedAddress', () => {
  it('takes the URL of the feed before everything else, with the TLS options of the DataSource', () => {
    const options = {
      type: 'postgres' as const,
      url: 'postgres://pooler/app',
      ssl: { ca: 'certificate' },
      extra: { statement_timeout: 3000 },
    };
    expect(feedAddress('postgres://direct/app', options)).toEqual({
      ...ALWAYS,
      connectionString: 'postgres://direct/app',
      ssl: { ca: 'certificate' },
    });
  });

  it('connects as the DataSource does, by URL or by parts', () => {
    expect(feedAddress(null, { type: 'postgres', url: 'postgres://host/app' })).toEqual({
      ...ALWAYS,
      connectionString: 'postgres://host/app',
    });
    const parts = { host: 'host', port: 6432, password: 'secret', database: 'app' };
    const extra = { options: '-c search_path=accounts' };
    expect(feedAddress(null, { type: 'postgres', ...parts, username: 'me', extra })).toEqual({
      ...ALWAYS,
      ...parts,
      ...extra,
      user: 'me',
    });
  });

  it('follows the server that is written to, never a replica', () => {
    const replication = {
      master: { host: 'primary', database: 'app' },
      slaves: [{ host: 'replica', database: 'app' }],
    };
    expect(feedAddress(null, { type: 'postgres', replication })).toEqual({
      ...ALWAYS,
      host: 'primary',
      database: 'app',
    });
  });
});
