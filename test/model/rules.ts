import {
  judgeRefresh,
  type RefreshClient,
  type RotationSettings,
  type SessionState,
} from '../../src/ledger/domain/verdict.js';

/** A refresh as the server sees it. */
export interface RefreshRequest {
  readonly generation: number;
  readonly client: RefreshClient;
  /** Seconds. */
  readonly now: number;
}

/** The generation of the answered token, or null for a refusal. */
export type Answer = number | null;

/** What a server remembers of one session under some rule. */
export interface ModelSession {
  readonly ended: boolean;
  refresh(request: RefreshRequest): Answer;
  /** Remembers this moment. @returns what makes the database lose everything since */
  checkpoint(): () => void;
}

/** A way to decide about refresh tokens. The first token of a session has generation 0. */
export interface RotationRule {
  readonly name: string;
  open(client: RefreshClient): ModelSession;
}

/** One step of a rule: the row before it gives the row after it and the answer. */
export type RotationStep<Row> = (row: Row, request: RefreshRequest) => { row: Row; answer: Answer };

/** Makes a rule of its first row and its step. Rows are never changed in place, so that one can be restored. */
export function ruleOf<Row>(
  name: string,
  first: (client: RefreshClient) => Row,
  isOver: (row: Row) => boolean,
  decide: RotationStep<Row>,
): RotationRule {
  const open = (client: RefreshClient): ModelSession => {
    let row = first(client);
    return {
      get ended() {
        return isOver(row);
      },
      refresh(request) {
        const { row: next, answer } = decide(row, request);
        row = next;
        return answer;
      },
      checkpoint() {
        const kept = row;
        return () => {
          row = kept;
        };
      },
    };
  };
  return { name, open };
}

/** The `secure` profile's settings (design §2). */
export const SECURE: RotationSettings = {
  gracePeriod: 180,
  recovery: true,
  reuseEndsSession: 'other-client',
  rotate: true,
};

/** The row of a session that has just been opened. */
export function openedSession(lastClient: RefreshClient): SessionState {
  const first = {
    generation: 0,
    parentGeneration: null,
    supersededAt: [],
    hasRecoveredLate: false,
  };
  return { ...first, revokedAt: null, lastClient };
}

/** What the ledger does with a verdict of {@link judgeRefresh}. */
export function ledgerStep(settings: RotationSettings): RotationStep<SessionState> {
  return (session, { generation, client, now }) => {
    const outcome = judgeRefresh({ session, generation, client, now }, settings);
    if ('next' in outcome) {
      const row = { ...session, ...outcome.next, lastClient: client };
      return { row, answer: row.generation };
    }
    if (outcome.verdict === 'replayed') return { row: session, answer: session.generation };
    const isEnd = outcome.verdict === 'reused' || outcome.verdict === 'invalid';
    return { row: isEnd ? { ...session, revokedAt: new Date(now * 1000) } : session, answer: null };
  };
}

/** Whether the row is that of an ended session. */
export function hasEnded(session: SessionState): boolean {
  return session.revokedAt !== null;
}

/** The rule of this package: the real verdicts, on a row that lives in memory. */
export function verdictRule(name: string, settings: RotationSettings): RotationRule {
  return ruleOf(name, openedSession, hasEnded, ledgerStep(settings));
}
