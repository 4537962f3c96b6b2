import { Body, Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CurrentToken, CurrentUser, JwtAuthGuard, PasswordHasher } from 'nest-simplejwt';
import type { AuthenticatedUser, Claims } from 'nest-simplejwt';
import { Repository } from 'typeorm';
import { Customer } from './customer.entity.js';

@Controller('customers')
export class CustomersController {
  constructor(
    @InjectRepository(Customer) private readonly customers: Repository<Customer>,
    private readonly hasher: PasswordHasher,
  ) {}

  @Post()
  @HttpCode(204)
  async signUp(@Body() { email, password }: { email: string; password: string }): Promise<void> {
    const passwordHash = await this.hasher.hash(password);
    await this.customers.insert({ email: email.toLowerCase(), passwordHash });
  }

  @Get('me')
  @UseGuards(JwtAuthGuard)
  me(@CurrentUser() user: AuthenticatedUser, @CurrentToken() token: Claims) {
    return { id: user.id, email: user.username, plan: token['plan'] };
  }
}
