import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { decorate } from './decorate.mjs';

// The same answer from Nest on Fastify, with nothing of this package.
class MeController {
  me() {
    return { id: 1, username: 'user1' };
  }
}
decorate(MeController, [Controller('users/me')]);
decorate(MeController, [Get()], 'me');

class HostModule {}
decorate(HostModule, [Module({ controllers: [MeController] })]);

const app = await NestFactory.create(HostModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env.PORT), '127.0.0.1');
