import { SettingProblem, list, type SettingType } from './setting-type.js';

/** Origins as browsers write them (RFC 6454 §6.2); `none` for no one at all. A wrong one is named: it is no secret. */
export const originList: SettingType<readonly string[]> = {
  name: 'list of origins',
  example: 'https://app.example.com,https://example.com:8443',
  fromText: (value) => (value.toLowerCase() === 'none' ? [] : check(list.fromText(value))),
  fromOption: (value) =>
    typeof value === 'string' ? originList.fromText(value) : check(list.fromOption(value)),
  show: (value) => (value.length === 0 ? 'none' : value.join(',')),
};

function check(items: readonly string[]): readonly string[] {
  const wrong = items.find((item) => !isOrigin(item));
  if (wrong === undefined) return items;
  throw new SettingProblem(
    `holds "${wrong}", which is no origin: scheme, host and other port only`,
  );
}

/** Compared as text later, so that only the very spelling of browsers will do. `null` is every sandboxed page's. */
function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
