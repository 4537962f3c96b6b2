import { Injectable, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  AuthModule,
  DjangoPasswordHasher,
  type CandidateCheck,
  type SettingsInput,
} from '../../src/index.js';
import {
  SIGNING_KEY,
  hostDatabase,
  hostTypeOrm,
  startHost,
  stopHosts,
  type Host,
} from '../e2e/hosts/host.js';
import { query } from '../support/databases.js';
import { within } from '../support/within.js';

jest.setTimeout(60_000);

const [DEAR, CHEAP, NEW] = ['pbkdf2_sha256$120000', 'pbkdf2_sha256$1000', 'argon2$argon2id'];
const ZEROS = Buffer.alloc(32, 7).toString('base64');
const stored = (kind: string): string => `${kind}$salt$${ZEROS}`;

/** Tells which kind of hash each check was made with, whoever the user is. */
@Injectable()
class RecordingHasher extends DjangoPasswordHasher {
  readonly checked: string[] = [];

  constructor() {
    super({ preferred: 'argon2' });
  }

  override verifyAny(candidates: readonly string[], encoded: string): Promise<CandidateCheck> {
    this.checked.push(encoded.split('$').slice(0, 2).join('$'));
    return super.verifyAny(candidates, encoded);
  }
}

let host: Host;
let hasher: RecordingHasher;
let url: string;

const start = async (settings: SettingsInput = {}): Promise<void> => {
  url = await hostDatabase('kinds');
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(url)),
      AuthModule.forRoot({
        signingKey: SIGNING_KEY,
        loginLimit: null,
        loginLimitAddress: null,
        overrides: { passwordHasher: RecordingHasher },
        ...settings,
      }),
    ],
  })
  class AppModule {}
  host = await startHost(AppModule);
  hasher = host.app.get(RecordingHasher);
};

/** @param count - users `name0`, `name1` … */
const createUsers = (name: string, password: string, count: number, isActive = true) =>
  query(
    url,
    `INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
     SELECT $1 || n, $2, false, '', '', '', false, $4, now() FROM generate_series(0, $3 - 1) n`,
    [name, password, count, isActive],
  );

/** The kind of hash that a refused log-in under this name was checked with. */
async function kindOf(username: string, password = 'wrong'): Promise<string> {
  hasher.checked.length = 0;
  expect((await host.client.obtain(username, password)).status).toBe(401);
  expect(hasher.checked).toHaveLength(1);
  return hasher.checked[0]!;
}

async function kindsOf(name: string, count: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let number = 0; number < count; number += 1) {
    const kind = await kindOf(`${name}${number}`);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

afterEach(stopHosts);

describe('who measures what a log-in costs', () => {
  it('finds unknown names as dear as users from Django, where all are from there', async () => {
    await start();
    await createUsers('imported', stored(DEAR), 3);
    expect(await kindsOf('nobody', 10)).toEqual({ [DEAR]: 10 });
    expect(await kindOf('imported0')).toBe(DEAR);
  });

  it('finds the kinds of unknown names in the same shares as those of users, each name always the same', async () => {
    await start();
    await createUsers('imported', stored(DEAR), 60);
    await createUsers('older', stored(CHEAP), 40);
    const counts = await kindsOf('nobody', 60);
    expect(Object.keys(counts).toSorted()).toEqual([CHEAP, DEAR].toSorted());
    // 36 are expected; five standard deviations are 19.
    expect(counts[DEAR]).toBeGreaterThan(17);
    expect(counts[DEAR]).toBeLessThan(55);
    for (let number = 0; number < 10; number += 1) {
      const kind = await kindOf(`nobody${number}`);
      for (const spelling of [`nobody${number}`, ` nobody${number} `, `NoBody${number}`]) {
        expect(await kindOf(spelling)).toBe(kind);
      }
    }
  });

  it('finds users without a usable password like unknown names, and inactive ones like active ones', async () => {
    await start();
    await createUsers('imported', stored(DEAR), 5);
    await createUsers('unusable', '!', 3);
    await createUsers('damaged', 'plainly-wrong', 3);
    expect(await kindsOf('unusable', 3)).toEqual({ [DEAR]: 3 });
    expect(await kindsOf('damaged', 3)).toEqual({ [DEAR]: 3 });
    const own = await hasher.hash('correct horse');
    await createUsers('inactive', own, 1, false);
    // With the right password as with a wrong one: it is not their hash that is checked.
    expect(await kindOf('inactive0', 'correct horse')).toBe(NEW);
    expect(await kindOf('inactive0', 'wrong')).toBe(NEW);
  });

  it('finds nothing out by the spelling with white space: both spellings are checked, known or not', async () => {
    await start();
    await createUsers('imported', stored(DEAR), 1);
    expect(await kindOf('nobody', ' wrong ')).toBe(await kindOf('imported0', ' wrong '));
  });

  it('is not ahead of an import into a running server for long', async () => {
    await start();
    await host.client.obtain('nobody', 'wrong');
    await createUsers('imported', stored(DEAR), 5);
    const imitated = await within(
      10_000,
      async () => {
        await kindOf('imported0');
        return kindOf('nobody');
      },
      (kind) => kind === DEAR,
    );
    expect(imitated).toBe(DEAR);
  });

  it('makes no server read a large table: some thousand rows, of all its parts', async () => {
    await start();
    await createUsers('imported', stored(DEAR), 30_000);
    await createUsers('newer', stored(CHEAP), 30_000);
    await query(url, 'ANALYZE auth_user');
    const READ = `SELECT seq_tup_read::int AS rows FROM pg_stat_user_tables WHERE relname = 'auth_user'`;
    const read = async (): Promise<number> => (await query<{ rows: number }>(url, READ))[0]!.rows;
    const before = await read();
    const counts = await kindsOf('nobody', 40);
    // 20 are expected; four standard deviations are 13.
    expect(counts[DEAR]).toBeGreaterThan(6);
    expect(counts[CHEAP]).toBeGreaterThan(6);
    // Connections tell what they have read when they end, if not before.
    await stopHosts();
    const rows = (await read()) - before;
    expect(rows).toBeGreaterThan(500);
    expect(rows).toBeLessThan(5000);
  });
});
