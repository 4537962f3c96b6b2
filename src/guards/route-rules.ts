import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { SetMetadata, type CustomDecorator, type ExecutionContext } from '@nestjs/common';
import type { AuthenticationClass } from '../config/package-settings.js';
import { PUBLIC } from './public.decorator.js';

/** Key of the metadata of `@UseAuthentication()`. */
export const AUTHENTICATION = 'nest-simplejwt:authentication';

/** Key of the metadata of `@GuardKind()`. */
const GUARD_KIND = 'nest-simplejwt:guard-kind';

/** What decorators say of a handler to the guards. */
export interface RouteRules {
  readonly isPublic: boolean;
  /** Whether the handler names a guard of ours that lets strangers in and finds the user of the others. */
  readonly isOptional: boolean;
  /** The handler's own chain; null stands for `AUTHENTICATION_CLASSES`. */
  readonly classes: readonly AuthenticationClass[] | null;
}

/** Rules by class and handler. Decorators do not change, and reading them costs more than the rest of the guard. */
const known = new WeakMap<object, WeakMap<object, RouteRules>>();
/** A context without a class or a handler, as for a method that no handler has. */
const NONE = {};

/** What a guard does: keep strangers out, find the user if there is one, or check once more a user whom another let in. */
type Kind = 'closing' | 'asking' | 'narrowing';

/** Says what a guard of ours does, and each guard that extends it. */
export function GuardKind(kind: Kind): CustomDecorator {
  return SetMetadata(GUARD_KIND, kind);
}

/** The rules of the handler of a call; a decorator of the handler overrides one of its class. */
export function routeRules(context: ExecutionContext): RouteRules {
  const type: object = context.getClass() ?? NONE;
  const handler: object = context.getHandler() ?? NONE;
  let handlers = known.get(type);
  if (!handlers) known.set(type, (handlers = new WeakMap()));
  let rules = handlers.get(handler);
  if (!rules) handlers.set(handler, (rules = readRules(handler, type)));
  return rules;
}

/** Whether a handler, or a class itself, names a guard of ours that keeps strangers out. */
export function isClosed(place: object): boolean {
  return names('closing', Reflect.getOwnMetadata(GUARDS_METADATA, place));
}

/** Whether a handler, or its class, names a guard of ours. */
export function namesGuard(handler: object, type: object): boolean {
  return guardsOf(handler, type).some((guard) => kindOf(guard) !== undefined);
}

/** Whether everybody may call a handler for which no global guard is run, although it is not `@Public()`. */
export function isOpenWithoutGlobalGuard(handler: object, type: object): boolean {
  return !isPublic(handler, type) && !guardsOf(handler, type).some(closes);
}

/** Whether a guard, given as class or instance, keeps strangers out. */
export function closes(guard: object): boolean {
  return kindOf(guard) === 'closing';
}

function guardsOf(...places: object[]): object[] {
  return places.flatMap((place) => (Reflect.getMetadata(GUARDS_METADATA, place) ?? []) as object[]);
}

function kindOf(guard: object): Kind | undefined {
  const type = typeof guard === 'function' ? guard : guard.constructor;
  return Reflect.getMetadata(GUARD_KIND, type) as Kind | undefined;
}

function names(kind: Kind, guards: unknown): boolean {
  return ((guards ?? []) as object[]).some((guard) => kindOf(guard) === kind);
}

function readRules(handler: object, type: object): RouteRules {
  const classes: unknown =
    Reflect.getMetadata(AUTHENTICATION, handler) ?? Reflect.getMetadata(AUTHENTICATION, type);
  return {
    isPublic: isPublic(handler, type),
    isOptional: [handler, type].some((place) =>
      names('asking', Reflect.getMetadata(GUARDS_METADATA, place)),
    ),
    classes: (classes as RouteRules['classes'] | undefined) ?? null,
  };
}

/**
 * The closest decorator counts: of the handler, of its class, of the classes that this class extends. A guard that is
 * named there closes what is public further away; the two in one place leave it public, as `@Public()` says so.
 */
function isPublic(handler: object, type: object): boolean {
  const classes: object[] = [];
  for (let one: object | null = type; one !== null; one = Object.getPrototypeOf(one) as object) {
    classes.push(one);
  }
  for (const place of [handler, ...classes]) {
    const said: unknown = Reflect.getOwnMetadata(PUBLIC, place);
    if (said !== undefined) return said === true;
    if (isClosed(place)) return false;
  }
  return false;
}
