/** Whether this process is meant for production: `NODE_ENV`, in a host as in the server. */
export function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
