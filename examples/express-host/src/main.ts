import { NestFactory } from '@nestjs/core';
import { configureApp } from 'nest-simplejwt';
import { AppModule } from './app.module';

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  configureApp(app);
  await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
}

void bootstrap();
