import type { Answer } from './client.js';

/** Within this every server acts on a change (design §4); ms. */
export const PROMISED = 1000;

/** Asks until the answer has this status, for as long as the change feed may take; the last answer either way. */
export async function soon<Body>(
  status: number,
  ask: () => Promise<Answer<Body>>,
): Promise<Answer<Body>> {
  const deadline = performance.now() + PROMISED;
  let answer = await ask();
  while (answer.status !== status && performance.now() < deadline) answer = await ask();
  return answer;
}
