import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AUTH_TABLES, AuthModule, CurrentUser, JwtAuthGuard, Public } from 'nest-simplejwt';
import type { AuthenticatedUser } from 'nest-simplejwt';

@Controller('cats')
class CatsController {
  @Get()
  @Public()
  list() {
    return ['Felix', 'Tom'];
  }

  @Get('mine')
  mine(@CurrentUser() user: AuthenticatedUser) {
    return [`${user.username}'s cat`];
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL, ...AUTH_TABLES }),
    AuthModule.forRoot({
      signingKey: process.env.SIGNING_KEY,
      paths: { obtainPair: ['/auth/login'], refresh: ['/auth/refresh'] },
    }),
  ],
  controllers: [CatsController],
  // Every route asks for a token, but those that are @Public().
  providers: [{ provide: APP_GUARD, useClass: JwtAuthGuard }],
})
export class AppModule {}
