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
 */
export function accepts(
  accept: string | undefined,
  format: string | undefined,
): 'ok' | 'not_acceptable' | 'not_found' {
  if (format && format !== 'json') return 'not_found';
  if (accept === undefined || USUAL.has(accept)) return 'ok';
  return accept.split(',').some(coversJson) ? 'ok' : 'not_acceptable';
}

function coversJson(mediaRange: string): boolean {
  const end = mediaRange.indexOf(';');
  const type = end === -1 ? mediaRange : mediaRange.slice(0, end);
  return COVERING.has(type.trim().toLowerCase());
}
