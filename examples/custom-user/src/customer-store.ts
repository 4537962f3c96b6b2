import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AuthSettings, EntityUserStore, type AuthUser } from 'nest-simplejwt';
import { Repository } from 'typeorm';
import { Customer } from './customer.entity.js';

/** Tells the package which of our properties is what. */
@Injectable()
export class CustomerStore extends EntityUserStore<Customer> {
  constructor(@InjectRepository(Customer) customers: Repository<Customer>, settings: AuthSettings) {
    super(customers, settings, {
      username: 'email',
      password: 'passwordHash',
      isActive: 'enabled',
    });
  }

  /** People write their addresses in any letter case. */
  override findByUsername(email: string): Promise<AuthUser | null> {
    return super.findByUsername(email.toLowerCase());
  }
}
