import type { ClientConfig } from 'pg';
import type { DataSourceOptions } from 'typeorm';

/** What of a DataSource's options says where the database is; each may also stand below `replication.master`. */
interface Address {
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: ClientConfig['password'];
  readonly database?: string;
  readonly ssl?: ClientConfig['ssl'];
}

/**
 * Where the change feed connects: to the given URL, else where the DataSource writes.
 *
 * @param url - `postgres://…`; null: as the DataSource
 */
export function feedAddress(url: string | null, options: DataSourceOptions): ClientConfig {
  const { replication, extra, ...direct } = options as Address & {
    readonly replication?: { readonly master?: Address };
    readonly extra?: ClientConfig;
  };
  const { url: ownUrl, username, ...address } = replication?.master ?? direct;
  const always = { keepAlive: true, application_name: 'nest-simplejwt feed' };
  if (url !== null) return { ...definedOf({ ssl: address.ssl }), ...always, connectionString: url };
  const { host, port, password, database, ssl } = address;
  const given = { connectionString: ownUrl, host, port, user: username, password, database, ssl };
  return { ...definedOf({ ...given, ...extra }), ...always };
}

/** An absent member must not hide what the driver would find elsewhere, in the URL say. */
function definedOf<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
