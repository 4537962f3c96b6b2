import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { TokenClaims, type ClaimsSubject } from 'nest-simplejwt';
import { Repository } from 'typeorm';
import { Customer } from './customer.entity.js';

/** Our claims in every token, made at log-in and anew at each refresh. */
@Injectable()
export class CustomerClaims extends TokenClaims<{ plan: string }> {
  constructor(@InjectRepository(Customer) private readonly customers: Repository<Customer>) {
    super();
  }

  override async claimsFor({ id }: ClaimsSubject): Promise<{ plan: string }> {
    const { plan } = await this.customers.findOneByOrFail({ id: String(id) });
    return { plan };
  }
}
