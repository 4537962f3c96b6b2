import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEMPLATE, createDatabase, dropDatabases } from '../support/databases.js';
import type { SpawnedServer } from '../support/process.js';
import { temporaryFolder } from '../support/test-postgres.js';
import { SIGNING_KEY } from '../support/tokens.js';
import type { Case, Profile } from './format.js';
import { makeKeys, serveKeySets, type ServedKeySets } from './keys.js';
import { replay } from './replay.js';
import { Scope } from './scope.js';

const PROFILES = join(import.meta.dirname, 'profiles');
/** What the corpus has; a case that gets lost must not go unnoticed. */
const CASES = 581;

const profiles = readdirSync(PROFILES).map(
  (name) => JSON.parse(readFileSync(join(PROFILES, name), 'utf8')) as Profile,
);

/** Starts the server of one profile with these variables. */
export type StartServer = (env: Readonly<Record<string, string>>) => Promise<SpawnedServer>;

/**
 * Plays every recorded case against servers: one for each profile, on an empty database.
 *
 * @param name - of this kind of server, for the names of its databases
 */
export function playCorpus(name: string, start: StartServer): void {
  it('carries every recorded case', () => {
    expect(profiles.flatMap((profile) => profile.cases)).toHaveLength(CASES);
  });

  describe.each(profiles)('under the profile $profile, a SimpleJWT client', (profile) => {
    let folder: string;
    let keySets: ServedKeySets;
    let server: SpawnedServer;
    let scope: Scope;

    beforeAll(async () => {
      const keys = makeKeys(profile.keys);
      keySets = await serveKeySets(profile.jwks, keys);
      const bare = new Scope('', '', '', keys, keySets.urls);
      const env = bare.insert({ SIMPLE_JWT_SIGNING_KEY: SIGNING_KEY, ...profile.env }) as Record<
        string,
        string
      >;
      const { SIMPLE_JWT_ALGORITHM: algorithm = 'HS256', SIMPLE_JWT_SIGNING_KEY: key = '' } = env;
      const verifyingKey = algorithm.startsWith('HS') ? key : keys.get('main')?.public;
      scope = new Scope(algorithm, key, verifyingKey ?? '', keys, keySets.urls);
      folder = temporaryFolder();
      const fixture = join(folder, 'users.json');
      writeFileSync(fixture, JSON.stringify(profile.users));
      server = await start({
        DATABASE_URL: await createDatabase(`${name}_${profile.profile}`, TEMPLATE),
        USERS_FIXTURE: fixture,
        SIMPLE_JWT_PROFILE: 'parity',
        ...env,
      });
    });

    afterAll(async () => {
      server?.child.kill('SIGKILL');
      await server?.exit;
      keySets?.close();
      await dropDatabases(`${name}_${profile.profile}`);
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(profile.cases.map((item) => [titleOf(item), item] as const))('%s', (_title, item) =>
      replay(item, server.url, scope),
    );
  });
}

function titleOf({ id, about }: Case): string {
  return about === '' ? id : `${id}: ${about}`;
}
