/**
 * Who is calling, as far as the connection tells: what services may know of a request.
 *
 * @publicApi
 */
export interface RequestContext {
  /** The client's address, behind trusted proxies the one they vouch for; null when unknown. */
  readonly ip: string | null;
  /** The `User-Agent` header; null when absent. */
  readonly userAgent: string | null;
}
