import { type RefreshRequest, type RotationRule, ruleOf } from './rules.js';
import type { RefreshClient } from '../../src/ledger/domain/verdict.js';

/** Seconds. */
const GRACE = 60;

interface Row {
  readonly current: number;
  readonly parent: number;
  /** When the latest generations were superseded, newest first: entry `i` belongs to `current - 1 - i`. */
  readonly supersededAt: readonly number[];
  readonly client: RefreshClient;
  readonly ended: boolean;
}

const openedRow = (client: RefreshClient): Row => ({
  current: 0,
  parent: -1,
  supersededAt: [],
  client,
  ended: false,
});

function decide(row: Row, { generation, client, now }: RefreshRequest) {
  const { current, parent, supersededAt } = row;
  const answered = (change: Partial<Row>) => {
    const next = { ...row, ...change };
    return { row: next, answer: next.current };
  };
  const superseded = { client, supersededAt: [now, ...supersededAt.slice(0, 7)] };
  if (generation > current) {
    return answered({ client, current: generation + 1, parent: generation, supersededAt: [now] });
  }
  if (generation === current) {
    return answered({ ...superseded, current: current + 1, parent: generation });
  }
  const hasUserAgent = client.userAgent === row.client.userAgent;
  const hasNetwork = client.network === row.client.network;
  const isSame = hasUserAgent && hasNetwork;
  const age = now - (supersededAt[current - 1 - generation] ?? -Infinity);
  const isNearInGrace = (hasUserAgent || hasNetwork) && age <= GRACE;
  if (generation >= parent && isSame) return answered({});
  if (generation === parent && isNearInGrace) return answered({});
  if (generation === parent) return answered({ ...superseded, current: current + 1 });
  return { row: { ...row, ended: !isSame && !isNearInGrace }, answer: null };
}

/**
 * What this package began with: a token that leaves its network within the grace period still gets the live one, and
 * any parent gets a new one. It shows what the narrower table is for.
 */
export const FIRST_VERSION: RotationRule = ruleOf(
  'the first version',
  openedRow,
  (row) => row.ended,
  (row, request) => (row.ended ? { row, answer: null } : decide(row, request)),
);
