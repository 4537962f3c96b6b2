import { setTimeout as delay } from 'node:timers/promises';
import { exchange, type Received } from './exchange.js';
import { isObject, type Case, type SendStep } from './format.js';
import { decode, forge, tamper } from './jws.js';
import { Matching } from './matching.js';
import type { Scope } from './scope.js';

/**
 * Plays a case against a server.
 *
 * @throws Error that names the first step that fails, with all that is wrong with its answer
 */
export async function replay(item: Case, url: string, profile: Scope): Promise<void> {
  const scope = profile.forCase();
  for (const [index, step] of item.steps.entries()) {
    if ('sleep' in step) await delay(step.sleep * 1000);
    else if ('forge' in step) scope.keep(step.forge, forge(step, scope));
    else if ('tamper' in step) scope.keep(step.tamper, tamper(step, scope));
    else {
      const problems = await send(step, url, scope);
      if (problems.length > 0) {
        const { method, path } = step.send;
        throw new Error([`step ${index + 1}, ${method} ${path}`, ...problems].join('\n  '));
      }
    }
  }
}

async function send(step: SendStep, url: string, scope: Scope): Promise<readonly string[]> {
  if (step.parallel !== undefined) return sendAtOnce(step, step.parallel, url, scope);
  const answer = await exchange(url, step.send, scope);
  const problems = [
    ...new Matching(scope, answer).check(step.improved ?? step.expect),
    ...new Matching(scope, answer).check(step.also ?? {}),
  ];
  for (const [name, path] of Object.entries(step.capture ?? {})) {
    const value = pick(answer, path);
    if (value === undefined) problems.push(`the answer has no ${path}`);
    scope.keep(name, value);
  }
  return problems;
}

async function sendAtOnce(
  step: SendStep,
  times: number,
  url: string,
  scope: Scope,
): Promise<readonly string[]> {
  const answers = await Promise.all(
    Array.from({ length: times }, () => exchange(url, step.send, scope)),
  );
  const [first] = answers;
  const { successes = { $any: true }, statuses } = step.improved ?? step.expect;
  const given = answers.map((answer) => answer.status);
  const succeeded = given.filter((status) => status === 200).length;
  if (!first) return ['nothing was sent'];
  return [
    ...new Matching(scope, first).checkValue(successes, succeeded, 'answers with status 200'),
    ...given
      .filter((status) => statuses && !statuses.includes(status))
      .map((status) => `status: got ${status}, expected one of ${String(statuses)}`),
  ];
}

/** `member.member`, and behind `#` a claim of the token found there. */
function pick(answer: Received, path: string): unknown {
  const [members = '', claim] = path.split('#');
  const value = follow(answer.json, members);
  return claim === undefined ? value : follow(decode(value)?.claims, claim);
}

function follow(start: unknown, path: string): unknown {
  let value = start;
  for (const name of path.split('.')) value = isObject(value) ? value[name] : undefined;
  return value;
}
