import { ruleOf, type RefreshRequest, type RotationRule, type RotationStep } from './rules.js';

/** Seconds for which the rules with a grace period forgive the parent. */
const GRACE = 30;
/** Seconds after a rotation in which the most lenient rule answers any token. */
const REUSE_INTERVAL = 10;

/** What the compared systems remember, all in one row: none needs more. */
interface Row {
  readonly current: number;
  readonly parent: number;
  readonly rotatedAt: number;
  readonly ended: boolean;
  /** The newest generation issued; ahead of `current` where a rule forks. */
  readonly newest: number;
  /** Generations beside the current one that are live as well. */
  readonly forks: readonly number[];
}

const openedRow = (): Row => ({
  current: 0,
  parent: -1,
  rotatedAt: -Infinity,
  ended: false,
  newest: 0,
  forks: [],
});

function rotated(row: Row, { generation, now }: RefreshRequest) {
  const current = Math.max(row.newest, generation) + 1;
  const next = { current, parent: generation, rotatedAt: now, newest: current };
  return { row: { ...row, ...next }, answer: current };
}

/** Another live token beside the current one. */
function forked(row: Row, { generation }: RefreshRequest) {
  const newest = row.newest + 1;
  const forks = [...row.forks.filter((fork) => fork !== generation), newest];
  return { row: { ...row, newest, forks }, answer: newest };
}

/** A new successor of the same parent; the one that it replaces dies. */
function displaced(row: Row) {
  const current = row.newest + 1;
  return { row: { ...row, current, newest: current }, answer: current };
}

const replayed = (row: Row) => ({ row, answer: row.current });
const ended = (row: Row) => ({ row: { ...row, ended: true }, answer: null });

function ruleFor(name: string, decide: RotationStep<Row>): RotationRule {
  const living: RotationStep<Row> = (row, request) =>
    row.ended ? { row, answer: null } : decide(row, request);
  return ruleOf(name, openedRow, (row) => row.ended, living);
}

const isInGrace = (row: Row, { generation, now }: RefreshRequest) =>
  generation === row.parent && now - row.rotatedAt <= GRACE;

/** RFC 9700 §4.14.2 without any leniency: a token works once, and its second use ends the session. */
const singleUse = ruleFor('strict single use', (row, request) =>
  request.generation === row.current ? rotated(row, request) : ended(row),
);

/** In its grace period the parent gives a further live token: the session forks. */
const graceThatForks = ruleFor(`parent forks for ${GRACE} s`, (row, request) => {
  if (request.generation === row.current) return rotated(row, request);
  const isFork = row.forks.includes(request.generation);
  return isFork || isInGrace(row, request) ? forked(row, request) : ended(row);
});

/** In its grace period the parent gives a new successor, which replaces the earlier one. */
const graceThatDisplaces = ruleFor(`parent displaces for ${GRACE} s`, (row, request) => {
  if (request.generation === row.current) return rotated(row, request);
  return isInGrace(row, request) ? displaced(row) : ended(row);
});

/** The parent gets the active token at any time, and for a few seconds every token does. */
const parentGetsActive = ruleFor(
  `parent always gets the active token, any token for ${REUSE_INTERVAL} s`,
  (row, request) => {
    if (request.generation === row.current) return rotated(row, request);
    const isForgiven =
      request.generation === row.parent || request.now - row.rotatedAt <= REUSE_INTERVAL;
    return isForgiven ? replayed(row) : ended(row);
  },
);

/** Rules of other systems. */
export const OTHER_RULES: readonly RotationRule[] = [
  singleUse,
  graceThatForks,
  graceThatDisplaces,
  parentGetsActive,
];
