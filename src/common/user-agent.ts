const VERSIONS = /[\d._]+/g;

/** A user agent by which a client is recognised: without versions, so that an update overnight makes no new client. */
export function withoutVersions(userAgent: string): string {
  return userAgent.replace(VERSIONS, '');
}
