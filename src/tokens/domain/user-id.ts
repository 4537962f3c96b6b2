/** Characters that no text in Postgres can hold, and so no id: U+0000 and halves of surrogate pairs. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** The user that a token names: none at all, an id to look up, or something that can be no user's id. */
export type TokenUser =
  | { readonly kind: 'none' }
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'unknown' };

/**
 * Reads the user id claim as the refresh view does: an absent or empty value means a token without a user
 * (contract §7), and anything but a text or a whole number can be no user's id.
 */
export function tokenUser(claim: unknown): TokenUser {
  if (claim === undefined || claim === null || claim === '' || claim === 0 || claim === false) {
    return { kind: 'none' };
  }
  const id = userIdText(claim);
  return id === null ? { kind: 'unknown' } : { kind: 'id', id };
}

/**
 * The text of a user id claim, or null when no user can have it. Only texts and whole numbers count: `true` or `1.9`
 * must not be taken for user 1 (contract §11).
 */
export function userIdText(claim: unknown): string | null {
  if (typeof claim === 'number') return Number.isSafeInteger(claim) ? String(claim) : null;
  return typeof claim === 'string' && claim !== '' && !UNSTORABLE.test(claim) ? claim : null;
}
