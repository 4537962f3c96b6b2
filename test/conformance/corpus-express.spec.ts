import { join } from 'node:path';
import { spawnServer } from '../support/process.js';
import { playCorpus } from './play.js';

jest.setTimeout(60_000);

const HOST = join(import.meta.dirname, 'express-host.mjs');

describe('an application on Express that calls configureApp', () => {
  playCorpus('corpus_express', (env) => spawnServer(env, HOST));
});
