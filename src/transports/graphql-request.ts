import { ConfigError } from '../config/config-error.js';
import { collectHeaders } from './message-headers.js';
import {
  CallRequest,
  hasHeaders,
  isObject,
  remember,
  rememberRequest,
  syntheticRequest,
  type GuardedRequest,
} from './guarded-request.js';

/** What graphql-ws says of a connection: @nestjs/apollo gives it as `req`, Mercurius has its parts in the context. */
interface Connection {
  readonly extra?: { readonly request?: GuardedRequest };
  /** What the client sent when it connected. */
  readonly connectionParams?: unknown;
}

interface ExpressResponse {
  readonly writableEnded?: boolean;
}

/** What drivers of GraphQL put into the context of an operation. */
interface GraphqlContext extends Connection {
  readonly req?: Partial<GuardedRequest> & Connection & { readonly res?: ExpressResponse };
  readonly request?: GuardedRequest;
  readonly reply?: { readonly request?: GuardedRequest };
  /** What the client sent when it connected: Mercurius. */
  readonly _connectionInit?: unknown;
}

/** Where a field stands in the answer; the field of the operation itself has no `prev`. */
interface FieldPath {
  readonly key?: string | number;
  readonly prev?: FieldPath;
}

interface FieldInfo {
  readonly path?: FieldPath;
  readonly operation?: { readonly operation?: string };
  readonly variableValues?: object;
}

/** Calls by their places in the answer. */
type Calls = Map<string, CallRequest>;

/**
 * The calls of each execution, by request and then by variables: no two executions share the object of their variables.
 * The objects of the path do not serve, as compiled queries (`jit` of Mercurius) make the path anew for each field.
 */
const executions = new WeakMap<object, WeakMap<object, Calls>>();

/** Where subscriptions were started, by context and operation: each value is an execution of its own in the same context. */
const subscriptions = new WeakMap<object, WeakMap<object, CallRequest>>();

/**
 * The request as one resolver sees it. Resolvers of fields run without guards, unless the host wants them: so a field sees
 * the user that the guard of its operation's field found.
 */
export function fieldRequest(context: unknown, info: FieldInfo | undefined): GuardedRequest {
  const request = graphqlRequest(context);
  if (!info?.path) return request;
  const { path, operation, variableValues = path } = info;
  const ofRequest = remember(executions, request, () => new WeakMap<object, Calls>());
  const calls = remember(ofRequest, variableValues, (): Calls => new Map());
  const place = placeOf(path);
  let call = calls.get(place);
  if (!call) {
    const isSubscription = operation?.operation === 'subscription' && isObject(context);
    const starts = isSubscription ? remember(subscriptions, context, () => new WeakMap()) : null;
    call = new CallRequest(
      request,
      callAbove(place, calls) ?? (operation && starts?.get(operation)),
    );
    if (operation && !path.prev) starts?.set(operation, call);
    calls.set(place, call);
  }
  return call;
}

function callAbove(place: string, calls: Calls): CallRequest | null {
  for (let dot = place.indexOf('.'); dot >= 0; dot = place.indexOf('.', dot + 1)) {
    const call = calls.get(place.slice(dot + 1));
    if (call) return call;
  }
  return null;
}

/** The keys of a path, the innermost first. Names of GraphQL have no dot. */
function placeOf(path: FieldPath): string {
  let place = String(path.key);
  for (let { prev } = path; prev; { prev } = prev) place += `.${prev.key}`;
  return place;
}

/** The request of an operation; over WebSockets a synthetic one that has also what the client sent when it connected. */
function graphqlRequest(given: unknown): GuardedRequest {
  if (typeof given !== 'object' || given === null) return syntheticRequest({});
  const context: GraphqlContext = given;
  const { req, _connectionInit: connectionInit } = context;
  const request = [
    // First what the driver itself sets.
    context.reply?.request,
    req,
    context.request,
    context.extra?.request,
    req?.extra?.request,
  ].find(hasHeaders);
  const sent = context.connectionParams ?? req?.connectionParams ?? connectionInit;
  if (request && (typeof sent !== 'object' || sent === null)) return request;
  return rememberRequest(context, () => {
    const { headers } = collectHeaders(Object.entries(sent ?? {}));
    return syntheticRequest({
      headers: { ...headers, ...request?.headers },
      rawHeaders: request?.rawHeaders ?? request?.raw?.rawHeaders,
      socket: request?.socket,
      token: headers['token'],
    });
  });
}

/**
 * Refuses a context that is one object for all requests: it keeps the `req` of the first caller, as whom all others
 * would act. Mercurius gives it the `reply` of the latest one besides; on Express a request knows that it was answered.
 *
 * @throws ConfigError
 */
export function refuseSharedContext(context: unknown): void {
  const { req, reply } = (context ?? {}) as GraphqlContext;
  const { raw } = reply?.request ?? {};
  const isOfAnother = Boolean(raw && req?.raw && req.raw !== raw);
  if (!isOfAnother && req?.res?.writableEnded !== true) return;
  throw new ConfigError([
    'GraphQLModule: the context is one object for all requests, so that callers would be taken for one another. Let `context` be a function that gives a new object. Example: context: () => ({ db })',
  ]);
}
