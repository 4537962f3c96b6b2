import { parseRange } from '../common/address.js';
import { LEAST_SECRET_BYTES, RANDOM_SECRET, secretWeakness } from './weak-secret.js';
import { checked, duration, list, listOrNone, text, type SettingType } from './setting-type.js';

/** Seconds that a next key needs before it signs, so that caches of the JWK Set hold it by then. */
const SHORTEST_ROTATION = 1200;

/** How long a token is good. */
export const lifetime = checked(duration, (seconds) =>
  seconds > 0 ? null : 'must be longer than 0',
);

/** The time between two rotations of the signing key. */
export const rotationInterval = checked(
  duration,
  (seconds) =>
    seconds >= SHORTEST_ROTATION
      ? null
      : `is shorter than ${SHORTEST_ROTATION / 60} minutes, in which a next key becomes known everywhere`,
  { example: '90d' },
);

/** Text that has a form of its own. */
function textWith(
  hasForm: (value: string) => boolean,
  problem: string,
  example: string,
): SettingType<string> {
  return checked(text, (value) => (hasForm(value) ? null : problem), { example });
}

export const postgresUrl = textWith(
  (value) => /^postgres(ql)?:\/\/\S+$/.test(value),
  'is not a Postgres address',
  'postgres://user:password@host:5432/name',
);

export const redisUrl = textWith(
  (value) => /^rediss?:\/\/\S+$/.test(value),
  'is not a Redis address',
  'redis://user:password@host:6379/0',
);

/** `fetch` refuses an address with a password, which would show at the first token only. */
export const httpUrl = textWith(
  (value) => {
    if (!URL.canParse(value)) return false;
    const { protocol, username, password } = new URL(value);
    return /^https?:$/.test(protocol) && username === '' && password === '';
  },
  'is not an address on http or https without a password',
  'https://login.example.com/.well-known/jwks.json',
);

export const headerInCgiForm = textWith(
  (value) => /^HTTP_[A-Z0-9_]+$/.test(value),
  'is not a header in CGI form',
  'HTTP_AUTHORIZATION',
);

/** The name of a header in lower case, as Node gives it: `HTTP_X_ACCESS_TOKEN` → `x-access-token`. */
export function headerName(inCgiForm: string): string {
  return inCgiForm.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase();
}

/** A token of RFC 9110 §5.6.2, which a cookie's name is (RFC 6265 §4.1.1). */
export const cookieName = textWith(
  (value) => /^[\w!#$%&'*+.^`|~-]+$/.test(value) && !/^__(secure|host)-/i.test(value),
  "is not a cookie's name without its prefix, which is added",
  'refresh',
);

export const cookieDomain = textWith(
  (value) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(value),
  'is not a domain',
  'example.com',
);

/** The empty text is the default and means that there is no key; given, it is a variable that was not filled in. */
export const signingKey = textWith(
  (value) => value !== '',
  `is empty: give a secret of at least ${LEAST_SECRET_BYTES} bytes or a private key, or leave it unset`,
  RANDOM_SECRET,
);

export const randomSecret = textWith(
  (value) => secretWeakness(value) === null,
  `is weak: it must be random and have at least ${LEAST_SECRET_BYTES} bytes`,
  RANDOM_SECRET,
);

/** Paths of a view, case-sensitive. A path that ends in a slash is served without the slash as well. */
export const paths = checked(list, pathsProblem, { name: 'list of paths', example: '/auth/token' });

function pathsProblem(items: readonly string[]): string | null {
  return items.every((item) => /^(\/[A-Za-z0-9._~-]+)+\/?$/.test(item))
    ? null
    : 'holds something that is not a plain path';
}

/** Values of a cookie's `Path`: plain paths, or `/` for the whole host. */
export const cookiePaths = checked(
  listOrNone,
  (items) => {
    if (items.length === 0) return 'is empty';
    return items.length === 1 && items[0] === '/' ? null : pathsProblem(items);
  },
  { name: paths.name, example: '/auth/refresh,/auth/logout' },
);

/** A list of which every element has a form of its own; `place` counts from 1. */
function checkedList(
  hasForm: (item: string) => boolean,
  problemOf: (item: string, place: number) => string,
  shown: Pick<SettingType<unknown>, 'name' | 'example'>,
): SettingType<readonly string[]> {
  return checked(
    listOrNone,
    (items) => {
      const wrong = items.findIndex((item) => !hasForm(item));
      return wrong < 0 ? null : problemOf(items[wrong] ?? '', wrong + 1);
    },
    shown,
  );
}

/** Origins as browsers write them (RFC 6454 §6.2). The error names a wrong one, which is no secret. */
export const originList = checkedList(
  // Origins are compared as text later, so that only the spelling of browsers will do. `null` is what every sandboxed page has.
  (item) => /^https?:[^*]+$/.test(item) && URL.canParse(item) && new URL(item).origin === item,
  (item) => `holds "${item}", which is no origin: scheme, host and other port only`,
  { name: 'list of origins', example: 'https://app.example.com,https://example.com:8443' },
);

/** Networks in CIDR form and addresses. The error names a wrong one, which is no secret. */
export const rangeList = checkedList(
  (item) => parseRange(item) !== null,
  (item) => `holds "${item}", which is neither an address nor a network`,
  { name: 'list of networks', example: '10.0.0.0/8,2001:db8::/32' },
);

/** An id that needs no escaping anywhere, and a digest as Subresource Integrity writes it (W3C SRI §3.5). */
const CLIENT = /^[A-Za-z0-9._~-]+:sha256-[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Clients with the digests of their secrets. The error gives the place of a wrong one only: it may be a secret. */
export const clientList = checkedList(
  (item) => CLIENT.test(item),
  (_item, place) =>
    `holds at place ${place} something that \`nest-simplejwt create-client\` would not print`,
  {
    name: 'list of clients',
    example: 'billing:sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=',
  },
);

/** The parts of an element of the list of clients. */
export function readClient(item: string): { readonly id: string; readonly digest: Buffer } {
  const colon = item.indexOf(':');
  return {
    id: item.slice(0, colon),
    digest: Buffer.from(item.slice(colon + ':sha256-'.length), 'base64'),
  };
}
