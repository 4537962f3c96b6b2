/** Types, without parameters, that cover the one type we answer with. */
const COVERING = new Set(['application/json', 'application/*', '*/*', '*/json']);

/** What nearly every client sends; spares them the splitting. */
const USUAL = new Set([
  '*/*',
  'application/json',
  'application/json, text/plain, */*',
  'application/json, */*',
]);

/**
 * Whether a request may be answered with JSON, by Django REST framework's rules (contract §2): `q` is not weighed
 * (`q=0` counts too), parameters are ignored, and an unknown `?format=` is a 404 whatever `Accept` says. An absent
 * `Accept` is as good as any type; an empty one names none, so that it is not acceptable.
 *
 * @param accept the `Accept` header as sent; undefined when there is none
 * @param format the last `format` of the query string; empty counts as absent
 * @param mediaType another name for the JSON of this answer, in lower case
 */
export function accepts(
  accept: string | undefined,
  format: string | undefined,
  mediaType?: string,
): 'ok' | 'not_acceptable' | 'not_found' {
  if (format && format !== 'json') return 'not_found';
  if (accept === undefined || USUAL.has(accept)) return 'ok';
  const types = accept.split(',').map(typeOf);
  return types.some((type) => COVERING.has(type) || type === mediaType) ? 'ok' : 'not_acceptable';
}

function typeOf(mediaRange: string): string {
  const end = mediaRange.indexOf(';');
  return (end === -1 ? mediaRange : mediaRange.slice(0, end)).trim().toLowerCase();
}
