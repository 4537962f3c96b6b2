/** Jest calls this also when tests have failed. */
export default async function globalTeardown(): Promise<void> {
  const { dropDatabases } = await import('./databases.js');
  if (globalThis.testPostgres) await globalThis.testPostgres.stop();
  else await dropDatabases();
}
