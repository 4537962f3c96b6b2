import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import type { Pair } from '../support/client.js';
import { KEY_ENCRYPTION_KEY, openKeys } from '../support/key-ring.js';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(60_000);

const ROOT = join(import.meta.dirname, '..', '..');
const ISSUER = 'https://auth.example.com';
const execute = promisify(execFile);

/** The sample of the recipe for services that are not on Nest, to the letter. */
function sample(): string {
  const recipe = readFileSync(join(ROOT, 'docs/recipes/rotate-keys.md'), 'utf8');
  const blocks = [...recipe.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);
  return blocks.find((code) => code.includes('createRemoteJWKSet')) ?? '';
}

describe('the sample for services that verify by the JWK Set', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({
      env: {
        KEY_ENCRYPTION_KEY,
        SIMPLE_JWT_PROFILE: 'secure',
        SIMPLE_JWT_ISSUER: ISSUER,
        SIMPLE_JWT_AUDIENCE: 'orders',
      },
    });
    await server.createUser({ username: 'alice', password: 'a good password' });
    const ring = await openKeys(server.database);
    await ring.keys.generate('ES256');
    await ring.rotate();
    await ring.close();
  });
  afterAll(() => server.stop());

  /** What the sample says of each token: the user's id, or the error. */
  async function verify(tokens: readonly string[], change = (code: string) => code) {
    const address = `${ISSUER}/.well-known/jwks.json`;
    const here = sample().replace(address, `${server.url}/.well-known/jwks.json`);
    const run = `${change(here)}
      const said = [];
      for (const token of process.argv.slice(1)) {
        said.push(await verifyAccessToken(token).then((claims) => claims.user_id, String));
      }
      console.log(JSON.stringify(said));`;
    const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };
    const { outputText: code } = transpileModule(run, { compilerOptions });
    const args = ['--input-type=module', '--eval', code, '--', ...tokens];
    const { stdout } = await execute(process.execPath, args, { cwd: ROOT });
    return JSON.parse(stdout) as string[];
  }

  const logIn = (): Promise<Pair> => server.client.login('alice', 'a good password');

  it('takes an access token', async () => {
    expect(await verify([(await logIn()).access])).toEqual(['1']);
  });

  it('refuses a refresh token, be it current, spent or logged out, and a sliding one', async () => {
    const { refresh: spent } = await logIn();
    const { refresh: current } = (await server.client.refresh(spent)).body;
    const { refresh: ended } = await logIn();
    expect((await server.client.blacklist(ended)).status).toBe(200);
    const sliding = await server.client.post<{ token: string }>('/login/simpleJWT/sliding', {
      username: 'alice',
      password: 'a good password',
    });
    const said = await verify([current, spent, ended, sliding.body.token]);
    expect(said).toEqual(said.map(() => 'Error: This is no access token.'));
  });

  it.each([
    ['for another service', "audience: 'orders'", "audience: 'letters'", '"aud"'],
    ['of another issuer', `issuer: '${ISSUER}'`, "issuer: 'https://evil.example'", '"iss"'],
    ['of another algorithm', "['ES256']", "['RS256']", '"alg"'],
  ])('refuses a token %s', async (_which, written, other, claim) => {
    const { access } = await logIn();
    const [said] = await verify([access], (code) => {
      expect(code).toContain(written);
      return code.replace(written, other);
    });
    expect(said).toContain(claim);
  });
});
