import type { EntityMetadata, ObjectLiteral, Repository } from 'typeorm';
import { ConfigError } from '../config/config-error.js';
import type { Settings } from '../config/settings.js';
import { KEY_TYPES, isKeyType, type KeyType } from './domain/user-key.js';
import type { UserTable } from './user-table.js';

/**
 * Which properties of an entity hold what token authentication needs. The primary key is found by itself.
 *
 * @publicApi
 */
export interface UserProperties<Entity> {
  /** What the user logs in with: unique, compared exactly. */
  readonly username: keyof Entity & string;
  /** The encoded password, as the `PasswordHasher` makes it. */
  readonly password: keyof Entity & string;
  /** A boolean; without one every user is active. */
  readonly isActive?: keyof Entity & string;
  /** A boolean; without one nobody is staff. */
  readonly isStaff?: keyof Entity & string;
  /** A boolean; without one nobody is a superuser, and nobody can act on staff. */
  readonly isSuperuser?: keyof Entity & string;
  /** Unique; only for `USER_ID_FIELD=email`. */
  readonly email?: keyof Entity & string;
  /** Written at log-in, with `UPDATE_LAST_LOGIN`. */
  readonly lastLogin?: keyof Entity & string;
}

/** What the metadata of an entity tell of its table. */
export interface EntityTable<Entity> {
  readonly table: UserTable;
  /** Property of the primary key. */
  readonly key: keyof Entity & string;
  readonly keyType: KeyType;
  /** Property that `USER_ID_FIELD` names. */
  readonly tokenId: keyof Entity & string;
  /** Properties that make an `AuthUser`. */
  readonly selected: readonly (keyof Entity & string)[];
  /** Characters that the column of names has; Infinity for any number. */
  readonly longestUsername: number;
}

/** @throws ConfigError that says what about the entity cannot be used */
export function entityTable<Entity extends ObjectLiteral>(
  users: Repository<Entity>,
  properties: UserProperties<Entity>,
  userIdField: Settings['userIdField'],
): EntityTable<Entity> {
  const { dataSource } = users.manager;
  const name = typeof users.target === 'function' ? users.target.name : 'of the users';
  if (!dataSource.hasMetadata(users.target)) {
    throw new ConfigError([
      `The DataSource lacks the entity ${name}. Example: TypeOrmModule.forRoot({ entities: [...AUTH_ENTITIES, Own] })`,
    ]);
  }
  const { metadata } = users;
  const read = new ColumnReader(metadata, name);
  const [primary, another] = metadata.primaryColumns;
  if (primary === undefined || another !== undefined) {
    throw read.problem('must have one primary key column');
  }
  const idType = dataSource.driver.normalizeType(primary);
  if (!isKeyType(idType)) {
    throw read.problem(
      `has a primary key of the type ${idType}. Possible: ${KEY_TYPES.join(', ')}`,
    );
  }
  const key = primary.propertyName as keyof Entity & string;
  const tokenId = { id: key, username: properties.username, email: properties.email }[userIdField];
  if (tokenId === undefined) {
    throw read.problem('has no property `email`, which USER_ID_FIELD names');
  }
  const { username, password, isActive, isStaff, isSuperuser } = properties;
  return {
    table: {
      name: read.table(),
      id: read.column(key),
      idType,
      username: read.column(username),
      password: read.column(password),
      isActive: isActive === undefined ? null : read.boolean(isActive),
      isStaff: isStaff === undefined ? null : read.boolean(isStaff),
      isSuperuser: isSuperuser === undefined ? null : read.boolean(isSuperuser),
      deletedAt: metadata.deleteDateColumn ? quoted(metadata.deleteDateColumn.databaseName) : null,
      tokenId: read.column(tokenId),
    },
    key,
    keyType: idType,
    tokenId,
    selected: [key, tokenId, username, password, isActive, isStaff].filter((p) => p !== undefined),
    longestUsername: read.lengthOf(username),
  };
}

/** Looks columns up by their properties. */
class ColumnReader {
  constructor(
    private readonly metadata: EntityMetadata,
    private readonly name: string,
  ) {}

  table(): string {
    const { schema, tableName } = this.metadata;
    return schema === undefined ? quoted(tableName) : `${quoted(schema)}.${quoted(tableName)}`;
  }

  column(property: string): string {
    return quoted(this.find(property).databaseName);
  }

  boolean(property: string): string {
    const column = this.find(property);
    const type = this.metadata.connection.driver.normalizeType(column);
    if (type !== 'boolean') {
      throw this.problem(
        `has a property ${property} of the type ${type}, where a boolean is needed. A column GENERATED ALWAYS AS (…) STORED can make one of it`,
      );
    }
    return quoted(column.databaseName);
  }

  lengthOf(property: string): number {
    return Number(this.find(property).length) || Infinity;
  }

  problem(what: string): ConfigError {
    return new ConfigError([`The user entity ${this.name} ${what}.`]);
  }

  private find(property: string): EntityMetadata['columns'][number] {
    const column = this.metadata.findColumnWithPropertyPath(property);
    if (column === undefined) throw this.problem(`has no column for the property ${property}`);
    return column;
  }
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
