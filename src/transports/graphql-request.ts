import { ConfigError } from '../config/config-error.js';
import { collectHeaders } from './message-headers.js';
import {
  CallRequest,
  findCall,
  hasHeaders,
  isObject,
  kept,
  oneCall,
  standIn,
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

/** Where subscriptions were started: each value is an execution of its own, in the same context. */
const started = new WeakMap<object, WeakMap<object, CallRequest>>();

/**
 * The calls of one execution by their places in the answer. Compiled queries (`jit` of Mercurius) make the path anew for
 * each field, so that the objects of two fields have nothing in common; the variables are one object in either case, and
 * no two executions share it.
 */
const executions = new WeakMap<object, Map<string, CallRequest>>();

/**
 * The request as one resolver sees it. Resolvers of fields run without guards, unless the host wants them: so they see
 * what the guard of their operation's field found.
 */
export function fieldRequest(context: unknown, info: FieldInfo | undefined): GuardedRequest {
  const request = graphqlRequest(context);
  if (!info?.path) return request;
  const { path, operation, variableValues } = info;
  return oneCall(path, () => {
    const calls = variableValues ? ofOwner(variableValues, executions, () => new Map()) : null;
    const starts =
      operation?.operation === 'subscription' && isObject(context)
        ? ofOwner(context, started, () => new WeakMap())
        : null;
    const above = callAbove(path, calls) ?? (operation && starts?.get(operation));
    const call = new CallRequest(request, above);
    if (operation && !path.prev) starts?.set(operation, call);
    calls?.set(placeOf(path), call);
    return call;
  });
}

/** What is kept for something, made at the first call. */
function ofOwner<Kept>(owner: object, all: WeakMap<object, Kept>, make: () => Kept): Kept {
  let own = all.get(owner);
  if (!own) all.set(owner, (own = make()));
  return own;
}

function callAbove(
  { prev }: FieldPath,
  calls: ReadonlyMap<string, CallRequest> | null,
): CallRequest | null {
  for (let path = prev; path; path = path.prev) {
    const call = findCall(path) ?? calls?.get(placeOf(path));
    if (call) return call;
  }
  return null;
}

/** Names of GraphQL have no dot. */
function placeOf(path: FieldPath): string {
  const keys: unknown[] = [];
  for (let one: FieldPath | undefined = path; one; one = one.prev) keys.push(one.key);
  return keys.join('.');
}

/** The request of an operation; over WebSockets a stand-in that has also what the client sent when it connected. */
function graphqlRequest(given: unknown): GuardedRequest {
  if (typeof given !== 'object' || given === null) return standIn({});
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
  return kept(context, () => {
    const { headers } = collectHeaders(Object.entries(sent ?? {}));
    return standIn({
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
