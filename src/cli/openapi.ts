import { NestFactory } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Command } from 'commander';
import { AppModule } from '../server/app.module.js';
import { exitOnOperatorError } from '../server/process.js';
import { loadSwagger, openApiDocument } from '../server/openapi.js';
import { createAdapter } from '../server/adapter.js';
import { readEnvironment, type Config } from '../config/environment.js';
import { writeDocument } from './documents.js';

/** `nest-simplejwt openapi [file]`: writes the description that the server shows under `/docs`. */
export function addOpenApi(program: Command): void {
  program
    .command('openapi')
    .description('write the OpenAPI document; without a file, to the output')
    .argument('[file]')
    .action((file: string | undefined) =>
      exitOnOperatorError('The OpenAPI document has not been written.', async () => {
        const document = await describeServer(readEnvironment(process.env));
        const content = `${JSON.stringify(document, null, 2)}\n`;
        if (file === undefined) process.stdout.write(content);
        else writeDocument(file, content);
      }),
    );
}

/** The OpenAPI document of a server with this configuration. Nothing is started and no database is needed. */
export async function describeServer(config: Config): Promise<OpenAPIObject> {
  const app = await NestFactory.create(AppModule.forRoot(config, ''), await createAdapter(), {
    preview: true,
    abortOnError: false,
    logger: false,
  });
  return openApiDocument(app, await loadSwagger());
}
