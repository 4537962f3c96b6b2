import {
  ChildEntity,
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';
import { UserLookup } from '../../src/users/user-lookup.js';
import { createDatabase, dropDatabases } from '../support/databases.js';

const lowerCase = { to: (text: string) => text.toLowerCase(), from: (text: string) => text };

@Entity('People', { schema: 'crm' })
@TableInheritance({ column: { name: 'kind', type: 'text' } })
class Person {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id: string;

  @Column({ name: 'eMail', type: 'text', transformer: lowerCase })
  email: string;

  @Column({ type: 'text', nullable: true, select: false })
  password: string | null;

  @Column({
    type: 'boolean',
    transformer: { to: (is: boolean) => !is, from: (is: boolean) => !is },
  })
  blocked: boolean;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}

@ChildEntity('customer')
class Customer extends Person {
  @Column({ type: 'boolean', default: true })
  enabled: boolean;
}

@ChildEntity('supplier')
class Supplier extends Person {}

const SELECTED = ['id', 'email', 'password', 'enabled'] as const;

describe('UserLookup', () => {
  let database: DataSource;

  beforeAll(async () => {
    const url = await createDatabase('user_lookup', null);
    database = new DataSource({ type: 'postgres', url, entities: [Person, Customer, Supplier] });
    await database.initialize();
    await database.query('CREATE SCHEMA crm');
    await database.synchronize();
    const common = { password: 'a hash', blocked: true };
    await database.getRepository(Customer).save([
      { ...common, email: 'alice@x.y', enabled: false },
      { ...common, email: 'twice@x.y', password: null },
      { ...common, email: 'twice@x.y' },
      { ...common, email: 'twice@x.y' },
      { ...common, email: 'gone@x.y', deletedAt: new Date() },
    ]);
    await database.getRepository(Supplier).save({ ...common, email: 'supplier@x.y' });
  });

  afterAll(async () => {
    await database?.destroy();
    await dropDatabases('user_lookup');
  });

  it.each([
    ['alice@x.y', 1],
    ['ALICE@x.y', 1],
    ['twice@x.y', 2],
    ['gone@x.y', 0],
    ['supplier@x.y', 0],
    ["o'hara", 0],
  ])('finds for %s what TypeORM finds, at most two', async (email, count) => {
    const customers = database.getRepository(Customer);
    const lookup = new UserLookup(customers, 'email', SELECTED, 2);
    const expected = await customers.find({
      where: { email },
      select: Object.fromEntries(SELECTED.map((name) => [name, true])),
      take: 2,
    });
    expect(expected).toHaveLength(count);
    expect(await lookup.find(email)).toEqual(expected);
  });

  it('finds by the key, and takes an empty selection for the key alone', async () => {
    const lookup = new UserLookup(database.getRepository(Person), 'id', [], 1);
    expect(await lookup.find('1')).toEqual([{ id: '1' }]);
    expect(await lookup.find('7')).toEqual([]);
  });

  it('gives the values of the table, which the guard reads as well', async () => {
    const lookup = new UserLookup(database.getRepository(Person), 'id', ['blocked'], 1);
    expect(await lookup.find('1')).toEqual([{ id: '1', blocked: false }]);
  });

  it('goes on when a migration changes the type of a column', async () => {
    const lookup = new UserLookup(database.getRepository(Supplier), 'email', ['password'], 2);
    const find = () => Promise.all(Array.from({ length: 20 }, () => lookup.find('supplier@x.y')));
    const found = Array.from({ length: 20 }, () => [{ email: 'supplier@x.y', password: 'a hash' }]);
    expect(await find()).toEqual(found);
    for (const type of ['varchar(150)', 'varchar(254)', 'text']) {
      await database.query(`ALTER TABLE crm."People" ALTER "eMail" TYPE ${type}`);
      expect(await find()).toEqual(found);
    }
  });

  it('refuses a property without a column', () => {
    const people = database.getRepository(Person);
    const name = 'nothing' as keyof Person;
    expect(() => new UserLookup(people, name, [], 1)).toThrow('no column for the property nothing');
  });
});
