/** SQLSTATE classes and codes that say "not now": the statement may well work in a moment. */
const PASSING = [
  /^08/, // connection exceptions
  /^53/, // out of connections, memory or disk
  /^57/, // shutting down, cancelled by timeout, not accepting connections
  /^40/, // serialization failure, deadlock
  /^55P03$/, // lock not available in time
  /^25P0[34]$/, // a transaction was idle or ran too long
  /^25006$/, // read-only: a standby before it is promoted
];
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** pg has no codes for what it notices itself. */
const DRIVER_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end|Client was closed)/;

/**
 * Why the database could not answer, as a short code for the log, or null when the error is not the database's being
 * away: then it is a fault of ours.
 */
export function databaseFault(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { driverError } = error as { driverError?: unknown };
  if (driverError !== undefined && driverError !== error) return databaseFault(driverError);
  if (error instanceof AggregateError) return error.errors.map(databaseFault).find(Boolean) ?? null;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    if (NETWORK.has(code)) return code.toLowerCase();
    if (PASSING.some((pattern) => pattern.test(code))) return `sqlstate_${code}`;
  }
  return DRIVER_MESSAGES.test(error.message) ? 'connection_lost' : null;
}
