import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { RecentMap } from '../common/recent-map.js';
import type { RequestContext } from '../common/request-context.js';
import { AuthSettings } from '../config/auth-settings.js';
import { prepared, runPrepared } from '../database/prepared.js';
import { clientOf, partsOf, type Client } from './client.js';
import { deleteExpired } from './delete-expired.js';
import { keyedDigest } from './rate-limit-key.js';

/** How long a client is known after a log-in. */
const KNOWN_FOR = `interval '30 days'`;
/** Clients of one user that are remembered; beyond that the one that was not seen for the longest time goes. */
const CLIENTS_PER_USER = 20;
/** Clients that each node has noted, and for how long it does not note them again, ms. */
const NOTED = 4096;
const NOTED_FOR = 3_600_000;

const IS_KNOWN = prepared(`
  SELECT FROM auth_known_client
  WHERE user_id = $1 AND client = ANY ($2) AND seen_at > now() - ${KNOWN_FOR}`);

/*
 * The insertion locks one row, before anything is deleted, and the deletion passes over rows that another log-in holds:
 * so log-ins of one user never wait for each other in a circle. The inner selection is not locked, since LIMIT and OFFSET
 * would lock the rows that are to stay.
 */
const NOTE = prepared(`
  WITH noted AS (
    INSERT INTO auth_known_client AS c (user_id, client, seen_at) VALUES ($1, $2, now())
    ON CONFLICT (user_id, client) DO UPDATE SET seen_at = excluded.seen_at
    WHERE c.seen_at < now() - interval '1 day'
    RETURNING 1)
  DELETE FROM auth_known_client WHERE user_id = $1 AND client = ANY (ARRAY (
    SELECT client FROM auth_known_client
    WHERE user_id = $1 AND (SELECT count(*) FROM noted) > 0 AND client IN (
      SELECT client FROM auth_known_client
      WHERE user_id = $1 AND client <> $2 ORDER BY seen_at DESC OFFSET ${CLIENTS_PER_USER - 1})
    FOR UPDATE SKIP LOCKED))`);

/**
 * From where each user has logged in within 30 days: the network with the user agent. Of both the table holds a digest
 * under the signing key, which no database has; `previousSigningKeys` are asked as well, so that a new key turns no
 * client into a stranger.
 */
@Injectable()
export class KnownClients {
  /** Until when each client need not be noted again, ms on the monotonic clock. */
  private readonly noted = new RecentMap<string, number>(NOTED);

  constructor(
    private readonly settings: AuthSettings,
    private readonly database: DataSource,
  ) {}

  /**
   * Whether this user has logged in from this client; never where its network is unknown. One statement, whether or not
   * there is such a user: the time does not tell which names exist.
   *
   * @param user - the primary key; null where there is no such user
   */
  async isKnown(user: string | null, context: RequestContext): Promise<boolean> {
    const client = clientOf(context);
    if (client === null) return false;
    const { signingKey, previousSigningKeys } = this.settings;
    const owner = user ?? '';
    const digests = [signingKey, ...previousSigningKeys].map((secret) =>
      clientDigest(secret, owner, client),
    );
    const rows = await runPrepared(this.database, IS_KNOWN, [owner, digests]);
    return rows.length > 0;
  }

  /** Remembers where the user has logged in: one statement at most, none where this node has done so within an hour. */
  async note(user: string, context: RequestContext): Promise<void> {
    const client = clientOf(context);
    if (client === null) return;
    const digest = clientDigest(this.settings.signingKey, user, client);
    const now = performance.now();
    if ((this.noted.get(digest) ?? 0) > now) return;
    await runPrepared(this.database, NOTE, [user, digest]);
    this.noted.set(digest, now + NOTED_FOR);
  }

  /** Deletes clients that are not known any more. @returns how many */
  flush(): Promise<number> {
    return deleteExpired(this.database, 'auth_known_client', `seen_at <= now() - ${KNOWN_FOR}`);
  }
}

/** With the user in it, so that equal clients of two users do not look equal. */
function clientDigest(secret: string, user: string, client: Client): string {
  return keyedDigest(secret, 'client', user, ...partsOf(client));
}
