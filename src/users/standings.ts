import type { EntityManager } from 'typeorm';
import {
  judgeDeactivation,
  judgeStaffAct,
  type Standing,
  type StaffVerdict,
} from './domain/standing.js';
import { activeSql, staffSql, superuserSql, type UserTable } from './user-table.js';

type Executor = Pick<EntityManager, 'query'>;

/** Who acts, and on whom: primary keys as text, in the form that the column has. */
export interface StaffAct {
  readonly actor: string;
  readonly target: string;
}

interface StandingRow extends Standing {
  readonly id: string;
}

/** Asks the user table who may act on whom. What a guard remembers may be a second old. */
export class Standings {
  private readonly found: string;
  private readonly locked: string;

  constructor(table: UserTable) {
    const active = activeSql(table, 'u');
    const staff = staffSql(table, 'u');
    const superuser = superuserSql(table, 'u');
    const named = `u.${table.id} = ANY($1::${table.idType}[])`;
    const select = `
      SELECT u.${table.id}::text AS id, coalesce(${active}, false) AS "isActive",
        coalesce(${staff}, false) AS "isStaff", coalesce(${superuser}, false) AS "isSuperuser"
      FROM ${table.name} u`;
    this.found = `${select} WHERE ${named}`;
    /*
     * The locks make acts on the same people wait for each other, and the second one reads what the first has left: of
     * two superusers who deactivate each other at once one finds himself inactive. Where a superuser is to be deactivated
     * all of them are locked, so that the others cannot go meanwhile. One order for all, so that no act waits in a circle.
     */
    this.locked = `${select}
      WHERE ${named} OR ($2::boolean AND ${superuser} AND ${active})
      ORDER BY u.${table.id} FOR NO KEY UPDATE OF u`;
  }

  async judge(executor: Executor, { actor, target }: StaffAct): Promise<StaffVerdict> {
    const found = await this.read(executor, this.found, [[actor, target]]);
    return judgeStaffAct(found.get(actor) ?? null, found.get(target) ?? null);
  }

  /** Judges an act and lets nothing change until the transaction ends. */
  async judgeLocked(
    transaction: Executor,
    { actor, target }: StaffAct,
    isDeactivation: boolean,
  ): Promise<StaffVerdict> {
    const before = await this.read(transaction, this.found, [[actor, target]]);
    const isOfSuperuser = isDeactivation && before.get(target)?.isSuperuser === true;
    const found = await this.read(transaction, this.locked, [[actor, target], isOfSuperuser]);
    const [by, on] = [found.get(actor) ?? null, found.get(target) ?? null];
    if (!isDeactivation) return judgeStaffAct(by, on);
    found.delete(target);
    return judgeDeactivation(by, on, [...found.values()]);
  }

  private async read(
    executor: Executor,
    statement: string,
    parameters: unknown[],
  ): Promise<Map<string, Standing>> {
    const rows = await executor.query<StandingRow[]>(statement, parameters);
    return new Map(rows.map((row) => [row.id, row]));
  }
}
