import type { QueryRunner } from 'typeorm';

/** The connection that holds an advisory lock. */
export interface LockHolder {
  readonly pid: number;
  readonly role: string;
  readonly application: string;
  /** Null for a local socket, and where this role may not see it. */
  readonly address: string | null;
  /** Whether it is connected as the role that asks: another server of ours, most likely. */
  readonly isOurs: boolean;
}

/* Every role may ask this; the address of another role's connection only members of pg_read_all_stats. */
const FIND_HOLDER = `
  SELECT l.pid, coalesce(a.usename::text, '') AS role, coalesce(a.application_name, '') AS application,
    host(a.client_addr) AS address, a.usename = session_user AS "isOurs"
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = ($1::bigint >> 32)::oid AND l.objid = ($1::bigint & 4294967295)::oid`;

/** Null when it was given back in between. */
export async function findLockHolder(runner: QueryRunner, key: number): Promise<LockHolder | null> {
  const [holder] = (await runner.query(FIND_HOLDER, [key])) as LockHolder[];
  return holder ?? null;
}

/** For a message. The holder may choose its names freely, so they are quoted. */
export function holderText({ pid, role, application, address }: LockHolder): string {
  const where = address ?? 'not visible to this role';
  return `process ${pid} of the role ${JSON.stringify(role)} (application ${JSON.stringify(application)}, address ${where})`;
}
