import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Get, Module } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountModule, AuthModule, ProfileResponse } from '../../../src/index.js';
import { SIGNING_KEY, hostDatabase, hostTypeOrm, startHost, stopHosts } from './host.js';

jest.setTimeout(30_000);
afterEach(stopHosts);

const SERVERS = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'openapi.json'), 'utf8'),
) as { components: { schemas: Record<string, unknown> } };

/** Decorated by @nestjs/swagger, on what is decorated by this package. */
class Customer extends ProfileResponse {
  @ApiProperty({ example: 'gold' })
  plan: string;
}

@Controller('customers')
class CustomersController {
  @Get()
  @ApiOkResponse({ type: [Customer] })
  list(): Customer[] {
    return [];
  }
}

it("describes the package's views in the OpenAPI document of a host that has @nestjs/swagger", async () => {
  @Module({
    imports: [
      TypeOrmModule.forRoot(hostTypeOrm(await hostDatabase('own_swagger'))),
      AuthModule.forRoot({ signingKey: SIGNING_KEY }),
      AccountModule,
    ],
    controllers: [CustomersController],
  })
  class AppModule {}
  const { app } = await startHost(AppModule);
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());

  const logIn = document.paths['/login/simpleJWT']?.post;
  expect(logIn).toMatchObject({
    tags: ['tokens'],
    requestBody: {
      content: { 'multipart/form-data': { schema: { $ref: expect.stringContaining('Obtain') } } },
    },
    responses: {
      200: { content: { 'application/json': { schema: { $ref: expect.any(String) } } } },
      401: { description: expect.any(String) },
    },
  });
  const { TokenObtainPairDto, TokenPairResponse, SessionResponse } = SERVERS.components.schemas;
  expect(document.components?.schemas).toMatchObject({
    TokenObtainPairDto,
    TokenPairResponse,
    SessionResponse,
    Customer: {
      required: ['id', 'username', 'plan'],
      properties: { username: { type: 'string', example: 'alice' }, plan: { type: 'string' } },
    },
  });
  expect(document.paths['/users/me']?.get?.security).toEqual([{ bearer: [] }]);
});
