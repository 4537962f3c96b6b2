// node test/model/run.mjs [sessions] [--write docs/rotation.md]
import { register } from 'node:module';

// Runs the model on the TypeScript sources, so that it measures them and not an older build.
register('./typescript-hooks.mjs', import.meta.url);
const { main } = await import('./table.ts');
await main(process.argv.slice(2));
