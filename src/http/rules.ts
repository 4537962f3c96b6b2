import { AuthError } from '../common/errors.js';
import { accepts } from './negotiation.js';
import type { HttpViewPath } from './views.js';

/** Media types that bodies may have (contract §3). */
const PARSES = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'];

/** What of a request the rules look at. */
export interface NegotiatedRequest {
  /** Value of `Accept`; undefined when absent. */
  readonly accept: string | undefined;
  /** Value or values of `format` in the query. */
  readonly format: unknown;
  /** What the view calls its JSON, where that is not `application/json`. */
  readonly mediaType?: string;
}

/** The refusal of content negotiation, or null (contract §2: before guard, method and body). */
export function negotiationProblem({
  accept,
  format,
  mediaType,
}: NegotiatedRequest): AuthError | null {
  const last: unknown = Array.isArray(format) ? format.at(-1) : format;
  switch (accepts(accept, typeof last === 'string' ? last : undefined, mediaType)) {
    case 'ok':
      return null;
    case 'not_found':
      return new AuthError('not_found');
    case 'not_acceptable':
      return new AuthError('not_acceptable');
  }
}

/** The answer to OPTIONS (contract §2). */
export function describeView({ info }: HttpViewPath): object {
  return {
    name: info.name,
    description: info.description,
    renders: [info.mediaType ?? 'application/json'],
    parses: PARSES,
  };
}

/** 405 for a method that has no handler. */
export function methodNotAllowed(method: string): AuthError {
  return new AuthError('method_not_allowed', { detail: `Method "${method}" not allowed.` });
}
