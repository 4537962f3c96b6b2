/** Where a call has an access token that stands in no header: a symbol, which no host's request has by accident. */
export const BARE_TOKEN = Symbol('nest-simplejwt:bare-token');

/**
 * What authentication classes look at in a request, the same on every platform.
 *
 * @publicApi
 */
export interface CredentialSource {
  readonly [BARE_TOKEN]?: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values as they came: on Express. */
  readonly rawHeaders?: readonly string[];
  /** The request below: on Fastify. */
  readonly raw?: { readonly rawHeaders: readonly string[] };
}
