import { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import { VerifyingClient } from '../database/verifying-client.js';

/** Time to connect and log in, ms. */
const CONNECT_LIMIT = 2000;
/** Time for one statement, ms: below the age at which a heartbeat is no longer good. */
const STATEMENT_LIMIT = 700;

/**
 * What a session needs. Postgres, too, gives up a statement that waits for a lock, or every attempt would leave one more
 * backend waiting; a role may have another isolation by default; and the planner, which cannot know how near the end of
 * the change table a heartbeat begins, would read all of a large one.
 */
const SET_UP = `
  SET statement_timeout = ${STATEMENT_LIMIT};
  SET default_transaction_isolation = 'read committed';
  SET enable_seqscan = off;
  SET jit = off;
  SET plan_cache_mode = force_generic_plan;
  LISTEN auth_change`;

/** What a connection tells while no statement is under way. */
export interface FeedConnectionEvents {
  /** A change was committed somewhere. */
  readonly onNotification: () => void;
  /** The connection is gone. */
  readonly onLost: () => void;
}

/** The feed's own connection: listens, and never waits longer than a heartbeat may take. */
export class FeedConnection {
  private failure: Error | null = null;

  private constructor(
    private readonly client: Client,
    private readonly socket: Socket,
  ) {}

  /** @throws the driver's error when it cannot be had in time */
  static async open(
    address: ClientConfig,
    { onNotification, onLost }: FeedConnectionEvents,
  ): Promise<FeedConnection> {
    // A socket of ours can be destroyed at any time: a frozen server would not answer a farewell.
    const socket = new Socket();
    const client = new VerifyingClient({
      ...address,
      connectionTimeoutMillis: CONNECT_LIMIT,
      query_timeout: STATEMENT_LIMIT,
      stream: () => socket,
    });
    const connection = new FeedConnection(client, socket);
    const lose = (error: Error): void => {
      if (connection.failure) return;
      connection.failure = error;
      onLost();
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('Connection terminated')));
    client.on('notification', onNotification);
    try {
      await client.connect();
      socket.unref();
      await client.query(SET_UP);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** @throws the driver's error, also for a connection that was lost between two statements */
  async query<Row extends object>(statement: {
    name: string;
    text: string;
    values?: unknown[];
  }): Promise<Row[]> {
    if (this.failure) throw this.failure;
    const { rows } = await this.client.query<Row>(statement);
    if (this.failure) throw this.failure;
    return rows;
  }

  /**
   * Cuts the connection, whatever it is doing.
   *
   * @param reason - what its next statement is refused with
   */
  close(reason = new Error('Connection closed')): void {
    this.failure ??= reason;
    this.client.end().catch(() => undefined);
    // A farewell, if it can be sent at once; a server that may be frozen is not waited for.
    if (this.socket.connecting) this.socket.destroy();
    else this.socket.destroySoon();
  }
}
