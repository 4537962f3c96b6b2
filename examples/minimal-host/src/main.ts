import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { configureApp } from 'nest-simplejwt';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule, new FastifyAdapter());
app.enableShutdownHooks();
configureApp(app);
await app.listen(process.env.PORT ?? 3000, '127.0.0.1');
