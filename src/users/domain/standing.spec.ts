import { judgeDeactivation, judgeStaffAct, type Standing } from './standing.js';

const user: Standing = { isActive: true, isStaff: false, isSuperuser: false };
const staff: Standing = { ...user, isStaff: true };
const root: Standing = { ...staff, isSuperuser: true };
const off = (standing: Standing): Standing => ({ ...standing, isActive: false });
const plainSuperuser: Standing = { ...user, isSuperuser: true };

describe('an act of staff', () => {
  it.each<[string, Standing | null, Standing | null, string]>([
    ['staff on a user', staff, user, 'allowed'],
    ['staff on an inactive user', staff, off(user), 'allowed'],
    ['staff on staff', staff, staff, 'not_allowed'],
    ['staff on inactive staff', staff, off(staff), 'not_allowed'],
    ['staff on a superuser', staff, root, 'not_allowed'],
    ['staff on a superuser without the staff flag', staff, plainSuperuser, 'not_allowed'],
    ['a superuser on staff', root, staff, 'allowed'],
    ['a superuser on a superuser', root, root, 'allowed'],
    ['a user on a user', user, user, 'not_allowed'],
    ['a superuser without the staff flag on a user', plainSuperuser, user, 'not_allowed'],
    ['staff that was deactivated meanwhile', off(staff), user, 'not_allowed'],
    ['a superuser who was deactivated meanwhile', off(root), user, 'not_allowed'],
    ['somebody who was deleted meanwhile', null, user, 'not_allowed'],
    ['staff on nobody', staff, null, 'not_found'],
    ['a user on nobody', user, null, 'not_allowed'],
  ])('%s', (_who, actor, target, verdict) => {
    expect(judgeStaffAct(actor, target)).toBe(verdict);
  });
});

describe('a deactivation', () => {
  it.each<[string, Standing, Standing, Standing[], string]>([
    ['of a superuser leaves another one', root, root, [root], 'allowed'],
    ['of the last superuser is refused', root, root, [], 'last_superuser'],
    ['of the last active superuser is refused', root, root, [off(root)], 'last_superuser'],
    ['leaves nobody who could undo it', root, root, [plainSuperuser, staff], 'last_superuser'],
    ['of an inactive superuser takes nothing away', root, off(root), [], 'allowed'],
    ['of staff needs no other superuser', root, staff, [], 'allowed'],
    ['by staff is judged by rank first', staff, root, [], 'not_allowed'],
  ])('%s', (_what, actor, target, others, verdict) => {
    expect(judgeDeactivation(actor, target, others)).toBe(verdict);
  });
});
