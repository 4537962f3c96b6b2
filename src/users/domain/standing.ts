/** What decides what staff may do: it is asked of the user who acts, and of the user acted on. */
export interface Standing {
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
}

/**
 * Whether a member of staff may act on a user.
 *
 * - `not_allowed`: staff act on users who are not staff, superusers on everybody
 * - `last_superuser`: no one would be left who could undo it
 *
 * @publicApi
 */
export type StaffVerdict = 'allowed' | 'not_allowed' | 'not_found' | 'last_superuser';

/** Judges an act by what holds at its moment; null for a user who is not in the table. */
export function judgeStaffAct(actor: Standing | null, target: Standing | null): StaffVerdict {
  if (actor === null || !actor.isActive || !actor.isStaff) return 'not_allowed';
  if (target === null) return 'not_found';
  return actor.isSuperuser || !(target.isStaff || target.isSuperuser) ? 'allowed' : 'not_allowed';
}

/**
 * Judges a deactivation, which must leave a superuser who can undo it.
 *
 * @param others - other users who could, at this moment
 */
export function judgeDeactivation(
  actor: Standing | null,
  target: Standing | null,
  others: readonly Standing[],
): StaffVerdict {
  const verdict = judgeStaffAct(actor, target);
  if (verdict !== 'allowed' || target === null) return verdict;
  return isInCharge(target) && !others.some(isInCharge) ? 'last_superuser' : 'allowed';
}

/** Superusers without the staff flag do not get as far as the staff views. */
function isInCharge({ isActive, isStaff, isSuperuser }: Standing): boolean {
  return isActive && isStaff && isSuperuser;
}
