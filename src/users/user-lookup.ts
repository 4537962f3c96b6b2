import type { EntityMetadata, ObjectLiteral, Repository } from 'typeorm';
import { prepared, runPrepared, type Prepared } from '../database/prepared.js';

type Column = EntityMetadata['columns'][number];

/** Stands in TypeORM's list of parameters where the value belongs. */
const VALUE = Symbol('value');

/**
 * Finds entities by one property, with the SQL that TypeORM makes of it: the entity's schema, soft deletion and
 * single-table inheritance are in it. It is made once and prepared; making it for each log-in costs more than the query.
 * Transformers of columns apply; eager relations, `@AfterLoad` and subscribers do not.
 */
export class UserLookup<Entity extends ObjectLiteral> {
  private readonly columns: readonly Column[];
  /** That of the property. */
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
    const names = new Set<string>([property, ...selected]);
    const { columns } = entities.metadata;
    this.columns = columns.filter(({ propertyPath }) => names.has(propertyPath));
    const column = columns.find(({ propertyPath }) => propertyPath === property);
    if (column === undefined) throw new Error(`There is no column for the property ${property}.`);
    this.column = column;
    const query = entities.createQueryBuilder('found').select([]);
    for (const { propertyPath } of this.columns) {
      query.addSelect(`found.${propertyPath}`, propertyPath);
    }
    query.where(`found.${property} = :value`, { value: VALUE }).limit(limit);
    const [text, parameters] = query.getQueryAndParameters();
    this.statement = prepared(text);
    this.parameters = parameters;
  }

  /** @returns entities with the selected properties, as TypeORM itself would have filled them */
  async find(value: unknown): Promise<Entity[]> {
    const { dataSource } = this.entities.manager;
    const { driver } = dataSource;
    const persistent: unknown = driver.preparePersistentValue(value, this.column);
    const rows = await runPrepared<Record<string, unknown>>(
      dataSource,
      this.statement,
      this.parameters.map((parameter) => (parameter === VALUE ? persistent : parameter)),
    );
    return rows.map(
      (row) =>
        Object.fromEntries(
          this.columns.map((column) => [
            column.propertyPath,
            driver.prepareHydratedValue(row[column.propertyPath], column),
          ]),
        ) as Entity,
    );
  }
}
