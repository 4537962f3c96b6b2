/**
 * Who is calling, as far as the connection tells: what services may know of a request.
 *
 * @publicApi
 */
export interface RequestContext {
  /** The client's address, behind trusted proxies the one they vouch for; null when unknown. */
  readonly ip: string | null;
  /**
   * Whether `ip` is the address of a proxy that is not among `TRUSTED_PROXIES`, or that names no client: it does not tell
   * in which network the client is.
   */
  readonly isProxyAddress?: boolean;
  /** The `User-Agent` header; null when absent. */
  readonly userAgent: string | null;
}
