import { inspect } from 'node:util';
import type { AuthUser } from '../users/user-store.js';
import { loggedInUser, storedUser } from './logged-in-user.js';

const HASH = 'argon2$argon2id$v=19$the-hash';

/** What a host's store may give: an entity with the hash in every place that one can think of. */
class Customer implements AuthUser {
  id = 7;
  username = 'alice';
  password = HASH;
  isActive = true;
  isStaff = false;
  tokenId = 'a-7';
  passwordHash = HASH;
  credentials = { hash: HASH };

  toJSON(): object {
    return Object.assign({}, this);
  }
}

describe('the user of a log-in', () => {
  const customer = new Customer();
  const user = loggedInUser(customer);

  it('shows who it is and no hash, wherever one looks', () => {
    const shown = { id: 7, username: 'alice', isActive: true, isStaff: false, tokenId: 'a-7' };
    expect(JSON.parse(JSON.stringify(user))).toEqual(shown);
    expect(inspect(user, { showHidden: true, getters: true, depth: null })).not.toContain(HASH);
    expect(everyValueIn(user)).not.toContain(HASH);
    expect('password' in user).toBe(false);
  });

  it('leads to the stored user, and so does a copy with something of the host in it', () => {
    expect(storedUser(user)).toBe(customer);
    expect(storedUser({ ...user, username: 'Alice' })).toBe(customer);
    expect(storedUser(customer)).toBe(customer);
  });

  it('leads nowhere once it went through JSON, nor does the user of another guard', () => {
    expect(() => storedUser(JSON.parse(JSON.stringify(user)))).toThrow(
      'The user comes from no log-in',
    );
  });
});

/** All that can be reached from an object, by text and by symbol, enumerable or not. */
function everyValueIn(root: object): unknown[] {
  const found = new Set<unknown>([root]);
  for (const value of found) {
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Reflect.ownKeys(value)) found.add(Reflect.get(value, key));
  }
  return [...found];
}
