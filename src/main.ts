import './server/memory.js';
import { orExplain, runServer } from './server/main.js';
import { readEnvironment } from './config/environment.js';

await orExplain('The server cannot start.', () => runServer(readEnvironment(process.env)));
