import type { ExecutionContext } from '@nestjs/common';
import type { AuthenticationClass } from '../config/settings.js';
import { PUBLIC } from './public.decorator.js';

/** Key of the metadata of `@UseAuthentication()`. */
export const AUTHENTICATION = 'nest-simplejwt:authentication';

/** What decorators say of a handler to the guards. */
export interface RouteRules {
  readonly isPublic: boolean;
  /** The handler's own chain; null stands for `AUTHENTICATION_CLASSES`. */
  readonly classes: readonly AuthenticationClass[] | null;
}

/** Decorators do not change, and reading them costs more than the rest of the guard. */
const known = new WeakMap<object, WeakMap<object, RouteRules>>();
/** A context without a class or a handler, as for a method that no handler has. */
const NONE = {};

/** The rules of the handler that a call goes to; what stands at the handler overrides its class. */
export function routeRules(context: ExecutionContext): RouteRules {
  const type: object = context.getClass() ?? NONE;
  const handler: object = context.getHandler() ?? NONE;
  let handlers = known.get(type);
  if (!handlers) known.set(type, (handlers = new WeakMap()));
  let rules = handlers.get(handler);
  if (!rules) handlers.set(handler, (rules = readRules(handler, type)));
  return rules;
}

function readRules(handler: object, type: object): RouteRules {
  const read = (key: string): unknown =>
    Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, type);
  return {
    isPublic: read(PUBLIC) === true,
    classes: (read(AUTHENTICATION) as RouteRules['classes'] | undefined) ?? null,
  };
}
