import { applyDecorators } from '@nestjs/common';
import { ApiBadRequestResponse, ApiQuery } from '../http/openapi.decorators.js';
import type { PageRequest } from '../ledger/session-page.js';

/** The part of a response that Fastify and Express share. */
export interface HeaderTarget {
  header(name: string, value: string): unknown;
}

/** Tells in headers how many sessions there are, and where the next page is (RFC 8288), so that the body stays a list. */
export function describePage(
  response: HeaderTarget,
  { limit }: PageRequest,
  { total, next }: { readonly total: number; readonly next: string | null },
): void {
  response.header('X-Total-Count', String(total));
  if (next === null) return;
  const query = new URLSearchParams({ limit: String(limit), after: next });
  response.header('Link', `<?${query.toString()}>; rel="next"`);
}

/** Headers of a page, for the OpenAPI document. */
export const PAGE_HEADERS = {
  'X-Total-Count': {
    description: 'How many there are on all pages.',
    schema: { type: 'integer' as const },
  },
  Link: {
    description: 'The next page, `rel="next"` (RFC 8288); absent on the last one.',
    schema: { type: 'string' as const },
  },
};

/** Documents the query of a page. */
export function PageQuery(): MethodDecorator {
  return applyDecorators(
    ApiQuery({
      name: 'limit',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 200, default: 100 },
      description: 'Sessions on a page at most.',
    }),
    ApiQuery({
      name: 'after',
      required: false,
      schema: { type: 'string' },
      description: 'Where the page begins: see the header `Link`.',
    }),
    ApiBadRequestResponse({ description: 'The query asks for no page.' }),
  );
}
