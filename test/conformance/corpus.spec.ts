import { spawnServer } from '../support/process.js';
import { playCorpus } from './play.js';

jest.setTimeout(60_000);

playCorpus('corpus', spawnServer);
