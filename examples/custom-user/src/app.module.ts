import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AUTH_ENTITIES, AUTH_MIGRATIONS, AuthModule } from 'nest-simplejwt';
import { CustomerClaims } from './customer-claims.js';
import { CustomerStore } from './customer-store.js';
import { Customer } from './customer.entity.js';
import { CustomersController } from './customers.controller.js';
import { Customers1800000000000 } from './customers.migration.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      entities: [...AUTH_ENTITIES, Customer],
      migrations: [...AUTH_MIGRATIONS, Customers1800000000000],
      migrationsRun: true,
    }),
    TypeOrmModule.forFeature([Customer]),
    AuthModule.forRoot({
      signingKey: process.env.SIGNING_KEY,
      imports: [TypeOrmModule.forFeature([Customer])],
      overrides: { userStore: CustomerStore, claims: CustomerClaims },
    }),
  ],
  controllers: [CustomersController],
})
export class AppModule {}
