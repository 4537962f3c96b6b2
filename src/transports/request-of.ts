import type { ArgumentsHost } from '@nestjs/common';
import { fieldRequest, refuseSharedContext } from './graphql-request.js';
import {
  hasHeaders,
  isObject,
  rememberRequest,
  syntheticRequest,
  type GuardedRequest,
} from './guarded-request.js';
import { gatewayRequest, messageRequest } from './message-request.js';

/**
 * The request behind a call: over HTTP the platform's own, and so for GraphQL; else a synthetic one with the headers or
 * the token that the transport carries. The same call gives the same object, so that what a guard leaves in it is found.
 *
 * @throws ConfigError when a context of GraphQL is one object for all requests
 */
export function requestOf(host: ArgumentsHost): GuardedRequest {
  const type = host.getType<string>();
  // First, as it is on the path of every guarded request.
  if (type === 'http') return host.getArgByIndex(0);
  if (type === 'graphql') refuseSharedContext(host.getArgByIndex(2));
  return findRequest(host);
}

/** The same without a check, for the log, which need not be sure whose request it is. */
export function findRequest(host: ArgumentsHost): GuardedRequest {
  switch (host.getType<string>()) {
    case 'graphql':
      return fieldRequest(host.getArgByIndex(2), host.getArgByIndex(3));
    case 'ws':
      return gatewayRequest(host);
    case 'rpc':
      return messageRequest(host);
    default:
      return otherRequest(host.getArgByIndex(0));
  }
}

/**
 * Puts the user that a guard let in where `@CurrentUser()` looks, and the token where `@CurrentToken()` looks, wherever
 * the guard found the credentials.
 */
export function keepUser(host: ArgumentsHost, request: GuardedRequest, user: unknown): void {
  request.user = user;
  const seen = requestOf(host);
  if (seen === request) return;
  seen.user = user;
  seen.authInfo = request.authInfo;
}

/** A transport that is not known here: its guard overrides `getRequest`, and the user that it finds is kept beside the call. */
function otherRequest(source: unknown): GuardedRequest {
  if (hasHeaders(source)) return source;
  return isObject(source) ? rememberRequest(source, nobody) : nobody();
}

function nobody(): GuardedRequest {
  return syntheticRequest({});
}
