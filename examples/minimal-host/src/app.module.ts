import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AUTH_TABLES, AuthModule, CurrentUser, JwtAuthGuard } from 'nest-simplejwt';
import type { AuthenticatedUser } from 'nest-simplejwt';

@Controller('orders')
@UseGuards(JwtAuthGuard)
class OrdersController {
  @Get()
  list(@CurrentUser() user: AuthenticatedUser) {
    return { owner: user.username };
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, ...AUTH_TABLES }),
    AuthModule.forRoot({ signingKey: process.env.SIGNING_KEY }),
  ],
  controllers: [OrdersController],
})
export class AppModule {}
