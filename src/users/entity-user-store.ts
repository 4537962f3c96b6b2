import type { FindOptionsWhere, ObjectLiteral, Repository } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import type { AuthSettings } from '../config/auth-settings.js';
import { againIfUndone } from '../database/again-if-undone.js';
import type { StaffVerdict } from './domain/standing.js';
import { isKey } from './domain/user-key.js';
import { entityTable, type EntityTable, type UserProperties } from './entity-table.js';
import { Standings } from './standings.js';
import { UserLookup } from './user-lookup.js';
import { UserStore, type AuthUser } from './user-store.js';
import type { UserTable } from './user-table.js';

/** Nothing forces a column to be unique: Django's `email` is not. Where several users are found, none may be taken. */
const MOST_FOUND = 2;
/** What no password matches: Django's mark of an account without one. */
const UNUSABLE = '!';

/**
 * The users of any entity of TypeORM: a host names the properties, everything else comes from the entity's metadata.
 * Keys may be numbers, UUIDs or texts; rows that TypeORM has deleted softly count as inactive.
 *
 * @example
 * \@Injectable()
 * class CustomerStore extends EntityUserStore<Customer> {
 *   constructor(@InjectRepository(Customer) customers: Repository<Customer>, settings: AuthSettings) {
 *     super(customers, settings, { username: 'email', password: 'passwordHash', isActive: 'enabled' });
 *   }
 * }
 *
 * @publicApi
 */
export abstract class EntityUserStore<Entity extends ObjectLiteral> extends UserStore {
  override readonly table: UserTable;
  private readonly columns: EntityTable<Entity>;
  private readonly lookups: Readonly<Record<'key' | 'username' | 'tokenId', UserLookup<Entity>>>;
  private readonly standings: Standings;
  private readonly replacePassword: string;

  /**
   * @param properties - names of the entity's properties
   * @throws ConfigError when the entity cannot be used: not in the DataSource, two keys, a status that is no boolean …
   */
  constructor(
    protected readonly users: Repository<Entity>,
    settings: AuthSettings,
    private readonly properties: UserProperties<Entity>,
  ) {
    super();
    this.columns = entityTable(users, properties, settings.userIdField);
    this.table = this.columns.table;
    const { key, tokenId, selected } = this.columns;
    const by = (property: keyof Entity & string): UserLookup<Entity> =>
      new UserLookup(users, property, selected, MOST_FOUND);
    this.lookups = { key: by(key), username: by(properties.username), tokenId: by(tokenId) };
    this.standings = new Standings(this.table);
    this.replacePassword = replacePasswordSql(this.table);
  }

  override findByUsername(username: string): Promise<AuthUser | null> {
    // A longer name cannot be in the column; Postgres would refuse U+0000 with an error.
    const { longestUsername } = this.columns;
    if (username.length > longestUsername * 2 || username.includes('\0')) {
      return Promise.resolve(null);
    }
    return this.findOne('username', username);
  }

  override findById(id: string): Promise<AuthUser | null> {
    return isKey(id, this.columns.keyType) ? this.findOne('key', id) : Promise.resolve(null);
  }

  /** Null as well where several users share the text: none of them may be taken for another. */
  override findByTokenId(tokenId: string): Promise<AuthUser | null> {
    const { key, tokenId: property } = this.columns;
    if (property === key) return this.findById(tokenId);
    return tokenId.includes('\0') ? Promise.resolve(null) : this.findOne('tokenId', tokenId);
  }

  override upgradePassword(user: AuthUser, encoded: string): Promise<boolean> {
    return this.replace(user, encoded, 'all');
  }

  override changePassword(
    user: AuthUser,
    encoded: string,
    keptSession: string | null,
  ): Promise<boolean> {
    return this.replace(user, encoded, keptSession ?? '');
  }

  override async judgeStaffAct(staffId: string, id: string): Promise<StaffVerdict> {
    if (!this.areKeys(staffId, id)) return 'not_found';
    const act = { actor: staffId, target: id };
    return againIfUndone(() => this.standings.judge(this.users.manager, act));
  }

  /** `not_found` where the entity has no property for whether a user is active. */
  override async setActive(
    id: string,
    isActive: boolean,
    staffId: string | null,
  ): Promise<StaffVerdict> {
    const { isActive: property } = this.properties;
    if (property === undefined || !this.areKeys(id, staffId ?? id)) return 'not_found';
    if (staffId === null) {
      return (await this.update(id, property, isActive)) ? 'allowed' : 'not_found';
    }
    return againIfUndone(() =>
      this.users.manager.transaction(async (transaction) => {
        const act = { actor: staffId, target: id };
        const verdict = await this.standings.judgeLocked(transaction, act, !isActive);
        if (verdict === 'allowed') {
          const change = changeOf<Entity>(property, isActive);
          await transaction.withRepository(this.users).update(this.byKey(id), change);
        }
        return verdict;
      }),
    );
  }

  /** Does nothing where the entity has no property for it. */
  override async recordLogin(user: AuthUser, at: Date): Promise<void> {
    const { lastLogin } = this.properties;
    if (lastLogin !== undefined) await this.update(user.id, lastLogin, at);
  }

  private async findOne(by: keyof typeof this.lookups, value: string): Promise<AuthUser | null> {
    const [entity, another] = await this.lookups[by].find(value);
    return entity === undefined || another !== undefined ? null : this.toAuthUser(entity);
  }

  private async update(id: unknown, property: string, value: unknown): Promise<boolean> {
    const { affected } = await againIfUndone(() =>
      this.users.update(this.byKey(id), changeOf<Entity>(property, value)),
    );
    return affected === 1;
  }

  private byKey(id: unknown): FindOptionsWhere<Entity> {
    return { [this.columns.key]: id } as FindOptionsWhere<Entity>;
  }

  private areKeys(...ids: readonly string[]): boolean {
    return ids.every((id) => isKey(id, this.columns.keyType));
  }

  private async replace(user: AuthUser, encoded: string, keep: string): Promise<boolean> {
    const parameters = [user.id, user.password, encoded, keep];
    const result = await againIfUndone(() =>
      this.users.query<[unknown[], number]>(this.replacePassword, parameters),
    );
    return result[1] === 1;
  }

  private toAuthUser(entity: Entity): AuthUser {
    const { key, tokenId } = this.columns;
    const { username, password, isActive, isStaff } = this.properties;
    return {
      id: entity[key],
      username: String(entity[username]),
      password: entity[password] ?? UNUSABLE,
      isActive: isActive === undefined || entity[isActive] === true,
      isStaff: isStaff !== undefined && entity[isStaff] === true,
      tokenId: entity[tokenId],
    };
  }
}

function changeOf<Entity>(property: string, value: unknown): QueryDeepPartialEntity<Entity> {
  return { [property]: value } as QueryDeepPartialEntity<Entity>;
}

/**
 * Writes a hash only in the place of the one that was read. The trigger on the column ends the user's sessions; the
 * transaction-local setting tells it which to keep: `all`, one id, or none (design §3).
 */
function replacePasswordSql({ name, id, password }: UserTable): string {
  return `
    UPDATE ${name} AS u SET ${password} = $3
    FROM (SELECT set_config('nest_simplejwt.keep_sessions', $4, true) AS value) AS keep
    WHERE u.${id} = $1 AND u.${password} = $2 AND keep.value IS NOT NULL`;
}
