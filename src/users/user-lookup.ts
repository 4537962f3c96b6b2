import type { EntityMetadata, ObjectLiteral, Repository } from 'typeorm';
import { prepared, runPrepared, type Prepared } from '../database/prepared.js';

type Column = EntityMetadata['columns'][number];

/** Stands in TypeORM's list of parameters where the value belongs. */
const VALUE = Symbol('value');

/**
 * Finds entities by one property, with the SQL that TypeORM makes of it: the entity's schema, soft deletion and
 * single-table inheritance are in it. It is made once and prepared; making it for each log-in costs more than the query.
 * Of transformers only what the property writes counts: the guard reads the table's own values, too.
 */
export class UserLookup<Entity extends ObjectLiteral> {
  private readonly column: Column;
  private readonly statement: Prepared;
  private readonly parameters: readonly unknown[];

  /** @param limit - entities that are read at most */
  constructor(
    private readonly entities: Repository<Entity>,
    property: keyof Entity & string,
    selected: readonly (keyof Entity & string)[],
    limit: number,
  ) {
    const column = entities.metadata.findColumnWithPropertyPath(property);
    if (column === undefined) throw new Error(`There is no column for the property ${property}.`);
    this.column = column;
    const query = entities.createQueryBuilder('found').select([]);
    for (const name of new Set([property, ...selected])) query.addSelect(`found.${name}`, name);
    query.where(`found.${property} = :value`, { value: VALUE }).limit(limit);
    const [text, parameters] = query.getQueryAndParameters();
    this.statement = prepared(text);
    this.parameters = parameters;
  }

  /** @returns the selected properties of each, as the table has them */
  async find(value: unknown): Promise<Entity[]> {
    const { dataSource } = this.entities.manager;
    const persistent: unknown = dataSource.driver.preparePersistentValue(value, this.column);
    return runPrepared<Entity>(
      dataSource,
      this.statement,
      this.parameters.map((parameter) => (parameter === VALUE ? persistent : parameter)),
    );
  }
}
