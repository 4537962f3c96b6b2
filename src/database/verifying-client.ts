import pg from 'pg';

/** Requests of a server that would be answered with the password, or with what a dictionary opens. */
const WEAK = new Set(['authenticationCleartextPassword', 'authenticationMD5Password']);
/** What a server says to a client that it has let in. */
const ADMITTING = new Set(['authenticationOk', 'readyForQuery']);

/** Begins as the driver's own messages do, by which a database that is away is known. */
const UNPROVED = 'Connection terminated: the server did not prove by SCRAM who it is';

/**
 * A connection that, where its address asks for it with `require_auth=scram-sha-256` (libpq's parameter), logs in by SCRAM
 * or not at all: that proves to the server that the client knows the password, and to the client that the server does. An
 * impostor that has taken the server's port gets no password, and is not believed.
 */
export class VerifyingClient extends pg.Client {
  constructor(options: pg.ClientConfig) {
    super(options);
    if (requiresScram(options)) guard(this.connection);
  }
}

function requiresScram({ connectionString }: pg.ClientConfig): boolean {
  if (connectionString === undefined || !URL.canParse(connectionString)) return false;
  return new URL(connectionString).searchParams.get('require_auth') === 'scram-sha-256';
}

/** Stands between what the server sends and the driver, since the driver answers whatever it is asked. */
function guard(connection: pg.Connection): void {
  const emit = connection.emit.bind(connection) as (event: string, ...values: unknown[]) => boolean;
  let state: 'unknown' | 'verified' | 'refused' = 'unknown';
  const refuse = (error: Error): void => {
    state = 'refused';
    connection.stream.destroy();
    emit('error', error);
  };
  const guarded = (event: string, ...values: unknown[]): boolean => {
    if (state === 'verified' || event === 'end') return emit(event, ...values);
    // Also what came with the same packet: the driver would go on with it.
    if (state === 'refused') return false;
    if (event === 'error') {
      refuse(unproved(values[0] as Error));
    } else if (WEAK.has(event) || ADMITTING.has(event)) {
      refuse(new Error(UNPROVED));
    } else {
      emit(event, ...values);
      // The driver has compared the server's signature, and emits an error where that is wrong.
      if (event === 'authenticationSASLFinal' && state === 'unknown') state = 'verified';
    }
    return true;
  };
  connection.emit = guarded as typeof connection.emit;
}

/** The driver's errors about SCRAM have no code; those of the network have. */
function unproved(error: Error): Error {
  return error.message.startsWith('SASL') ? new Error(UNPROVED, { cause: error }) : error;
}
