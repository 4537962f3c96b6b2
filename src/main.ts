import { exitOnOperatorError } from './server/process.js'; // the first import: it keeps the heap small
import { runServer } from './server/start.js';
import { readEnvironment } from './config/environment.js';

await exitOnOperatorError('The server cannot start.', () =>
  runServer(readEnvironment(process.env)),
);
