import { SettingProblem, list, paths, type SettingType } from './setting-type.js';

/** Values of a cookie's `Path`: plain paths, or `/` for the whole host. */
export const cookiePaths: SettingType<readonly string[]> = {
  name: 'list of paths',
  example: '/auth/refresh,/auth/logout',
  fromText: (value) => check(list.fromText(value)),
  fromOption: (value) =>
    typeof value === 'string' ? cookiePaths.fromText(value) : check(list.fromOption(value)),
  show: (value) => value.join(','),
};

function check(items: readonly string[]): readonly string[] {
  if (items.length === 0) throw new SettingProblem('is empty');
  return items.length === 1 && items[0] === '/' ? items : paths.fromOption(items);
}
