import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks again and again until the answer is as wanted, and gives the last one: for what the server promises within a
 * time rather than at once.
 *
 * @param limit - ms
 */
export async function within<T>(
  limit: number,
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer) || performance.now() > end) return answer;
    await pause(5);
  }
}
