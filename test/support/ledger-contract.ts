import type { INestApplicationContext } from '@nestjs/common';
import { Client } from 'pg';
import type { RequestContext } from '../../src/common/request-context.js';
import {
  RefreshTokenLedger,
  type IssuedToken,
  type PresentedToken,
  type SessionPage,
} from '../../src/ledger/refresh-token-ledger.js';
import { FIRST_PAGE } from '../../src/ledger/session-page.js';
import { UserStore, type AuthUser } from '../../src/users/user-store.js';
import { query, truncateTables } from './databases.js';

const CONTEXT: RequestContext = { ip: '192.0.2.7', userAgent: 'Browser/1' };
/** The answer to a token that has ended. */
const ENDED = { verdict: expect.stringMatching(/^(blacklisted|session_ended)$/) };

/** An application with the ledger, on a database that the suite may empty. */
export interface LedgerHost {
  readonly app: INestApplicationContext;
  readonly database: string;
  readonly stop: () => Promise<void>;
}

/** What the suite must know of a ledger: how it is started, and how its table is spelled in SQL. */
export interface Kept {
  readonly start: () => Promise<LedgerHost>;
  readonly table: string;
  /** Tables beside it that a refused call must leave as they are. */
  readonly otherTables?: readonly string[];
  /** SQL that inserts `$1` rows of the user `$2` which ended an hour ago. */
  readonly insertExpired: string;
  /** SQL that lets every row end as if an hour had passed, where the end is not in the token as well. */
  readonly expireAll: string;
  /** Whether a spent token counts as revoked at once, and not only when its successor is spent as well. */
  readonly revokesSpent: boolean;
  /** The id under which the list shows a token's session. */
  readonly idOf: (token: PresentedToken) => unknown;
}

/** What every `RefreshTokenLedger` promises to the code above the seam. */
export function describeLedger(title: string, kept: Kept): void {
  describe(title, () => {
    let server: LedgerHost;
    let ledger: RefreshTokenLedger;
    let alice: AuthUser;
    let bob: AuthUser;

    beforeAll(async () => {
      server = await kept.start();
      ledger = server.app.get(RefreshTokenLedger, { strict: false });
    });

    afterAll(() => server.stop());

    beforeEach(async () => {
      await truncateTables(server.database);
      await sql(`INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser, email,
          first_name, last_name, date_joined)
        SELECT name, 'hash of ' || name, true, false, false, '', '', '', now()
        FROM unnest(ARRAY['alice', 'bob']) name`);
      alice = await user('alice');
      bob = await user('bob');
    });

    const sql = (text: string, values?: unknown[]) => query(server.database, text, values);

    async function user(name: string): Promise<AuthUser> {
      const found = await server.app.get(UserStore, { strict: false }).findByUsername(name);
      return found!;
    }

    async function issue(owner = alice, kind: 'refresh' | 'sliding' = 'refresh') {
      const issued = await ledger.issue(kind, owner, CONTEXT);
      return issued!;
    }

    async function spend(token: PresentedToken): Promise<IssuedToken> {
      const outcome = await ledger.spend(token, CONTEXT);
      if (!('refresh' in outcome)) throw new Error(`refused: ${JSON.stringify(outcome)}`);
      return outcome.refresh;
    }

    /** Every row of every ledger. */
    async function rows(): Promise<unknown[]> {
      const texts = [...new Set([kept.table, ...(kept.otherTables ?? [])])].map(
        (table) => `SELECT to_jsonb(t)::text AS row FROM ${table} t`,
      );
      return sql(`${texts.join(' UNION ALL ')} ORDER BY row`);
    }

    it('issues a token that names its user and is not revoked', async () => {
      for (const kind of ['refresh', 'sliding'] as const) {
        const { claims } = await issue(alice, kind);
        expect(claims).toMatchObject({ token_type: kind, user_id: String(alice.id) });
        await expect(ledger.isRevoked(claims)).resolves.toBe(false);
      }
    });

    it.each([
      ['was deactivated', 'UPDATE auth_user SET is_active = false WHERE id = $1'],
      ['was deleted', 'DELETE FROM auth_user WHERE id = $1'],
      ['got another password', `UPDATE auth_user SET password = 'another' WHERE id = $1`],
    ])('issues nothing when the user %s since the password was verified', async (_what, change) => {
      await sql(change, [alice.id]);
      for (const kind of ['refresh', 'sliding'] as const) {
        await expect(ledger.issue(kind, alice, CONTEXT)).resolves.toBeNull();
      }
      await expect(rows()).resolves.toEqual([]);
      await expect(ledger.issue('refresh', bob, CONTEXT)).resolves.not.toBeNull();
    });

    it.each([
      ['nothing where it is committed', 'COMMIT', false],
      ['a token where it is taken back', 'ROLLBACK', true],
    ])(
      'waits for a password change that is under way, and issues %s',
      async (_what, end, issues) => {
        const change = new Client({ connectionString: server.database });
        await change.connect();
        try {
          await change.query('BEGIN');
          await change.query(`UPDATE auth_user SET password = 'another' WHERE id = $1`, [alice.id]);
          const issued = ledger.issue('refresh', alice, CONTEXT);
          const waiting = `SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          while ((await sql(waiting)).length === 0);
          await change.query(end);
          expect((await issued) !== null).toBe(issues);
        } finally {
          await change.end();
        }
      },
    );

    it('gives one token exactly one live successor, however many calls bring it', async () => {
      const token = await issue();
      const outcomes = await Promise.all(
        Array.from({ length: 64 }, () => ledger.spend(token, CONTEXT)),
      );
      const given = outcomes.flatMap((outcome) => ('refresh' in outcome ? [outcome.refresh] : []));
      expect(outcomes.filter(({ verdict }) => verdict === 'rotated')).toHaveLength(1);
      expect(new Set(given.map((successor) => successor.token)).size).toBe(1);
      await expect(ledger.isRevoked(token.claims)).resolves.toBe(kept.revokesSpent);
      await expect(ledger.isRevoked(given[0]!.claims)).resolves.toBe(false);
      await expect(ledger.spend(given[0]!, CONTEXT)).resolves.toMatchObject({ verdict: 'rotated' });
      await expect(ledger.isRevoked(token.claims)).resolves.toBe(true);
    });

    it('revokes a token once, however many calls bring it, and refuses it from then on', async () => {
      const token = await issue();
      const other = await issue();
      const answers = await Promise.all(Array.from({ length: 64 }, () => ledger.revoke(token)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      await expect(ledger.isRevoked(token.claims)).resolves.toBe(true);
      await expect(ledger.spend(token, CONTEXT)).resolves.toEqual(ENDED);
      await expect(ledger.isRevoked(other.claims)).resolves.toBe(false);
    });

    it('leaves nothing alive of a token whose revocation was answered while it was spent', async () => {
      for (let round = 0; round < 20; round += 1) {
        const token = await issue();
        const [outcome, isRevoked] = await Promise.all([
          ledger.spend(token, CONTEXT),
          ledger.revoke(token),
        ]);
        const successor = 'refresh' in outcome ? outcome.refresh : null;
        // One of them was first; if it was not the revocation, the caller knows and can revoke the successor.
        expect(isRevoked || successor !== null).toBe(true);
        if (isRevoked && successor) expect(await ledger.isRevoked(successor.claims)).toBe(true);
      }
    });

    it('changes nothing when it refuses, and takes the token again when its user is back', async () => {
      const token = await issue();
      const sliding = await issue(alice, 'sliding');
      await sql('UPDATE auth_user SET is_active = false WHERE id = $1', [alice.id]);
      const before = await rows();
      const refusal = { verdict: 'no_account' };
      await expect(ledger.spend(token, CONTEXT)).resolves.toEqual(refusal);
      await expect(ledger.extend(sliding, CONTEXT)).resolves.toEqual(refusal);
      await expect(rows()).resolves.toEqual(before);
      await sql('UPDATE auth_user SET is_active = true WHERE id = $1', [alice.id]);
      await expect(ledger.spend(token, CONTEXT)).resolves.toMatchObject({ verdict: 'rotated' });
      await expect(ledger.extend(sliding, CONTEXT)).resolves.toEqual({ verdict: 'extended' });
    });

    it('changes nothing when a revoked token is spent, extended or revoked again', async () => {
      const token = await issue();
      const sliding = await issue(alice, 'sliding');
      await ledger.revoke(token);
      await ledger.end(String(alice.id), String(kept.idOf(sliding)));
      const before = await rows();
      await expect(ledger.spend(token, CONTEXT)).resolves.toEqual(ENDED);
      await expect(ledger.extend(sliding, CONTEXT)).resolves.toEqual(ENDED);
      await expect(ledger.revoke(token)).resolves.toBe(false);
      await expect(rows()).resolves.toEqual(before);
    });

    it('changes nothing when a spent token comes again', async () => {
      const token = await issue();
      await spend(token);
      const before = await rows();
      await ledger.spend(token, CONTEXT);
      await expect(rows()).resolves.toEqual(before);
    });

    it('lists the live sessions of a user, the newest first', async () => {
      const [first, second, third, fourth] = [
        await issue(),
        await issue(alice, 'sliding'),
        await issue(),
        await issue(),
      ];
      await issue(bob);
      await ledger.revoke(third);
      const { sessions: listed, total, next } = await ledger.list(String(alice.id), FIRST_PAGE);
      expect([total, next]).toEqual([3, null]);
      expect(listed.map(({ id }) => id)).toEqual([fourth, second, first].map(kept.idOf));
      for (const { createdAt, expiresAt } of listed) {
        expect(Math.abs(createdAt.getTime() - Date.now())).toBeLessThan(60_000);
        expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
      }
      await sql(kept.expireAll);
      await expect(ledger.list(String(alice.id), FIRST_PAGE)).resolves.toEqual({
        sessions: [],
        total: 0,
        next: null,
      });
    });

    it('lists page by page, each session once, and says how many there are', async () => {
      const issued: PresentedToken[] = [];
      for (let number = 0; number < 5; number += 1) issued.push(await issue());
      await issue(bob);
      const pages: (readonly string[])[] = [];
      for (let after: string | null = null; ;) {
        const page: SessionPage = await ledger.list(String(alice.id), { limit: 2, after });
        pages.push(page.sessions.map(({ id }) => id));
        expect(page.total).toBe(5);
        if (pages.length === 1) {
          // What is new since or has ended moves nothing to another page.
          await ledger.end(String(alice.id), String(kept.idOf(issued[3]!)));
          issued.push(await issue());
        }
        after = page.next;
        if (after === null) break;
      }
      const ids = issued.slice(0, 5).toReversed().map(kept.idOf);
      expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
    });

    it("ends one session of its user, and nobody else's", async () => {
      const [mine, other, foreign] = [await issue(), await issue(), await issue(bob)];
      const before = await rows();
      const id = (token: PresentedToken) => String(kept.idOf(token));
      for (const wrong of [
        id(foreign),
        '',
        'x',
        '0'.repeat(32),
        '9'.repeat(400),
        'a\0b',
        "'",
        'é',
      ]) {
        await expect(ledger.end(String(alice.id), wrong)).resolves.toBe(false);
      }
      await expect(rows()).resolves.toEqual(before);
      await expect(ledger.end(String(alice.id), id(mine))).resolves.toBe(true);
      await expect(ledger.end(String(alice.id), id(mine))).resolves.toBe(false);
      await expect(ledger.isRevoked(mine.claims)).resolves.toBe(true);
      for (const token of [other, foreign]) {
        await expect(ledger.isRevoked(token.claims)).resolves.toBe(false);
      }
    });

    it('ends all sessions of a user but one, or all of them', async () => {
      const [mine, other, foreign] = [
        await issue(),
        await issue(alice, 'sliding'),
        await issue(bob),
      ];
      const isRevoked = () =>
        Promise.all([mine, other, foreign].map(({ claims }) => ledger.isRevoked(claims)));
      const ended = await ledger.endOthers(String(alice.id), String(kept.idOf(mine)));
      expect(ended).toEqual([kept.idOf(other)]);
      await expect(isRevoked()).resolves.toEqual([false, true, false]);
      await expect(ledger.endOthers(String(alice.id), null)).resolves.toEqual([kept.idOf(mine)]);
      await expect(isRevoked()).resolves.toEqual([true, true, false]);
    });

    it('ends everything of everybody at once, counts it, and goes on with what is issued then', async () => {
      const dead = [await issue(), await issue(alice, 'sliding'), await issue(bob)];
      await ledger.revoke(dead[2]!);
      await expect(ledger.endAll()).resolves.toBe(2);
      for (const token of dead) await expect(ledger.isRevoked(token.claims)).resolves.toBe(true);
      await expect(ledger.list(String(alice.id), FIRST_PAGE)).resolves.toMatchObject({
        sessions: [],
      });
      const next = await issue(bob);
      await expect(ledger.isRevoked(next.claims)).resolves.toBe(false);
      await expect(ledger.endAll()).resolves.toBe(1);
    });

    it('flushes only what can never be used again, at most a thousand rows at a time', async () => {
      const live = await issue();
      const spent = await issue();
      const successor = await spend(spent);
      const revoked = await issue();
      await ledger.revoke(revoked);
      const before = await rows();
      await sql(kept.insertExpired, [2500, String(bob.id)]);
      await sql(`
        CREATE TABLE deletions (rows integer);
        CREATE FUNCTION count_deletions() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO deletions SELECT count(*) FROM gone; RETURN NULL; END $$;
        CREATE TRIGGER count_deletions AFTER DELETE ON ${kept.table}
          REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_deletions()`);
      try {
        await expect(ledger.flush()).resolves.toBe(2500);
        const [counted] = await sql(
          'SELECT sum(rows)::integer AS sum, max(rows) AS max FROM deletions',
        );
        expect(counted).toMatchObject({ sum: 2500 });
        expect(counted!['max']).toBeLessThanOrEqual(1000);
      } finally {
        await sql('DROP FUNCTION count_deletions() CASCADE; DROP TABLE deletions');
      }
      await expect(rows()).resolves.toEqual(before);
      await expect(ledger.flush()).resolves.toBe(0);
      await expect(ledger.isRevoked(revoked.claims)).resolves.toBe(true);
      await expect(ledger.isRevoked(spent.claims)).resolves.toBe(kept.revokesSpent);
      await expect(ledger.spend(successor, CONTEXT)).resolves.toMatchObject({ verdict: 'rotated' });
      await expect(ledger.spend(live, CONTEXT)).resolves.toMatchObject({ verdict: 'rotated' });
    });
  });
}
