import { AuthError } from '../common/errors.js';

/**
 * 429 in the words of Django REST framework's `Throttled`, with `Retry-After`.
 *
 * @param wait - whole seconds
 * @param reason - which limit, for the log only
 */
export function throttledError(wait: number, reason: string): AuthError {
  const unit = wait === 1 ? 'second' : 'seconds';
  return new AuthError('throttled', {
    detail: `Request was throttled. Expected available in ${wait} ${unit}.`,
    headers: { 'retry-after': String(wait) },
    reason,
  });
}
