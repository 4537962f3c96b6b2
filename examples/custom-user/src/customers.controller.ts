import {
  Body,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  Post,
  UseGuards,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CurrentToken, CurrentUser, JwtAuthGuard, PasswordHasher } from 'nest-simplejwt';
import type { AuthenticatedUser, Claims } from 'nest-simplejwt';
import { Repository } from 'typeorm';
import { Customer } from './customer.entity.js';
import { readSignUp } from './sign-up.js';

@Controller('customers')
export class CustomersController {
  constructor(
    @InjectRepository(Customer) private readonly customers: Repository<Customer>,
    private readonly hasher: PasswordHasher,
  ) {}

  @Post()
  @HttpCode(204)
  async signUp(@Body() body: unknown): Promise<void> {
    const { email, password } = readSignUp(body);
    const passwordHash = await this.hasher.hash(password);
    // The database decides who is first, also of two who come at once.
    const { raw } = await this.customers
      .createQueryBuilder()
      .insert()
      .values({ email, passwordHash })
      .orIgnore()
      .returning('id')
      .execute();
    if ((raw as unknown[]).length === 0) throw new ConflictException('This address is taken.');
  }

  @Get('me')
  @UseGuards(JwtAuthGuard)
  me(@CurrentUser() user: AuthenticatedUser, @CurrentToken() token: Claims) {
    return { id: user.id, email: user.username, plan: token['plan'] };
  }
}
