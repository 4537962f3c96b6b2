import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// hashes.mjs SECONDS IN_FLIGHT: checks passwords as a log-in does, without HTTP and database; prints checks per second.
const [seconds, inFlight] = process.argv.slice(2).map(Number);
const module = resolve(process.env.BENCH_DIST ?? 'dist', 'users/django-password-hasher.js');
const { DjangoPasswordHasher } = await import(pathToFileURL(module).href);
const hasher = new DjangoPasswordHasher({ preferred: 'argon2' });
const password = 'bench-password-1';
const encoded = await hasher.hash(password);

const began = performance.now();
const end = began + seconds * 1000;
let checks = 0;
async function check() {
  while (performance.now() < end) {
    const { matches } = await hasher.verify(password, encoded);
    if (!matches) throw new Error('the password is wrong');
    checks += 1;
  }
}
await Promise.all(Array.from({ length: inFlight }, check));
console.log(checks / ((performance.now() - began) / 1000));
