import { parseRange } from '../common/address.js';
import { SettingProblem, list, type SettingType } from './setting-type.js';

/** Networks in CIDR form and addresses; `none` for no one at all. A wrong one is named: it is no secret. */
export const rangeList: SettingType<readonly string[]> = {
  name: 'list of networks',
  example: '10.0.0.0/8,2001:db8::/32',
  fromText: (value) => (value.toLowerCase() === 'none' ? [] : check(list.fromText(value))),
  fromOption: (value) =>
    typeof value === 'string' ? rangeList.fromText(value) : check(list.fromOption(value)),
  show: (value) => (value.length === 0 ? 'none' : value.join(',')),
};

function check(items: readonly string[]): readonly string[] {
  const wrong = items.find((item) => parseRange(item) === null);
  if (wrong === undefined) return items;
  throw new SettingProblem(`holds "${wrong}", which is neither an address nor a network`);
}
