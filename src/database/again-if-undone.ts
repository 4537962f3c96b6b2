/** Serialization failure and deadlock: Postgres has undone the whole transaction. Others of class 40 do not say so. */
const UNDONE = /^40(001|P01)$/;

/**
 * Does the work, and does it again when Postgres has undone it. A migration that changes several tables in one transaction
 * (a host's, Django's, a newer version's) locks them in an order of its own; a statement that meets it may be chosen to end
 * the deadlock, through no fault of its client.
 *
 * @param work - one transaction, or one statement
 * @param times - how often it is done again at most; each time it may have waited for Postgres' `deadlock_timeout`, 1 s
 */
export async function againIfUndone<T>(work: () => Promise<T>, times = 1): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (times < 1 || typeof code !== 'string' || !UNDONE.test(code)) throw error;
    return againIfUndone(work, times - 1);
  }
}
