import './app.memory.js';
import { orExplain, runServer } from './app.main.js';
import { readEnvironment } from './config/environment.js';

await orExplain('The server cannot start.', () => runServer(readEnvironment(process.env)));
