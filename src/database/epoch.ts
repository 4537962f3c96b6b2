/** SQL for an instant as seconds since the epoch, or for an interval as seconds; with fraction. */
export function epoch(expression: string): string {
  return `extract(epoch FROM ${expression})::float8`;
}
