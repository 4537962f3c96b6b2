/** Whether this process is meant for production: `NODE_ENV`, in a host as in the server. */
export function isProduction(
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return env['NODE_ENV'] === 'production';
}
