import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { CurrentUser, StatelessAuthModule, StatelessJwtAuthGuard } from 'nest-simplejwt';
import type { TokenUser } from 'nest-simplejwt';

@Controller('reports')
@UseGuards(StatelessJwtAuthGuard)
class ReportsController {
  @Get()
  list(@CurrentUser() user: TokenUser) {
    return { reader: user.id };
  }
}

@Module({
  imports: [
    StatelessAuthModule.forRoot({
      jwkUrl: process.env.JWK_URL,
      algorithm: 'ES256',
      issuer: process.env.ISSUER,
      audience: 'reports',
    }),
  ],
  controllers: [ReportsController],
})
export class AppModule {}
