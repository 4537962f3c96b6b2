import { SettingProblem, list, type SettingType } from './setting-type.js';

/** An id that needs no escaping anywhere, and a digest as Subresource Integrity writes it (W3C SRI §3.5). */
const CLIENT = /^[A-Za-z0-9._~-]+:sha256-[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Clients with the digests of their secrets; `none` for no one at all. A wrong one is told by its place only. */
export const clientList: SettingType<readonly string[]> = {
  name: 'list of clients',
  example: 'billing:sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=',
  fromText: (value) => (value.toLowerCase() === 'none' ? [] : check(list.fromText(value))),
  fromOption: (value) =>
    typeof value === 'string' ? clientList.fromText(value) : check(list.fromOption(value)),
  show: (value) => (value.length === 0 ? 'none' : value.join(',')),
};

function check(items: readonly string[]): readonly string[] {
  const wrong = items.findIndex((item) => !CLIENT.test(item));
  if (wrong < 0) return items;
  throw new SettingProblem(
    `holds at place ${wrong + 1} something that \`nest-simplejwt create-client\` would not print`,
  );
}

/** The parts of an element of the list. */
export function readClient(item: string): { readonly id: string; readonly digest: Buffer } {
  const colon = item.indexOf(':');
  return {
    id: item.slice(0, colon),
    digest: Buffer.from(item.slice(colon + ':sha256-'.length), 'base64'),
  };
}
