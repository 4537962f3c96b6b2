import { PATH_METADATA } from '@nestjs/common/constants.js';
import type { Type } from '@nestjs/common';
import { ConfigError } from '../config/config-error.js';
import { closest } from '../config/closest.js';
import { PUBLIC } from '../guards/public.decorator.js';
import { AUTHENTICATION, isClosed } from '../guards/route-rules.js';
import { TOKEN_VIEWS, type TokenPaths, type TokenViewName } from './token-view.js';
import { TokenController } from './token.controller.js';

type Handler = (this: TokenController, ...parameters: unknown[]) => unknown;

/**
 * The controller that serves the token views of one application: a subclass of the given one, its overridden methods
 * with all that `TokenController` says of theirs, at the given paths. Nest reads that from the metadata of each function,
 * so that an overriding method would be no route at all; and the given class must stay as it is for other applications.
 *
 * @throws ConfigError when it is no `TokenController`, or a path belongs to no view
 */
export function withTokenPaths(
  controller: Type<TokenController>,
  paths: Partial<TokenPaths>,
): Type<TokenController> {
  checkOptions(controller, paths);
  class Relocated extends controller {}
  Object.defineProperty(Relocated, 'name', { value: controller.name });
  for (const view of TOKEN_VIEWS) {
    const handler = forwarding(Reflect.get(controller.prototype, view) as Handler);
    copyMetadata(lineOf(controller, view), handler);
    if (paths[view]) Reflect.defineMetadata(PATH_METADATA, [...paths[view]], handler);
    // OpenAPI finds the body of a route by the name of its handler.
    Object.defineProperty(handler, 'name', { value: view });
    Object.defineProperty(Relocated.prototype, view, {
      value: handler,
      writable: true,
      configurable: true,
    });
    copyMemberMetadata(controller, Relocated, view);
  }
  return Relocated;
}

function checkOptions(controller: Type<TokenController>, paths: Partial<TokenPaths>): void {
  const isOurs = controller === TokenController || controller.prototype instanceof TokenController;
  const problems = isOurs ? [] : ['tokenController does not extend TokenController.'];
  const injected = Reflect.getMetadata('design:paramtypes', controller) as unknown[] | undefined;
  if (controller.length > (injected?.length ?? 0)) {
    problems.push(
      `${controller.name} has a constructor and no decorator, so that Nest cannot know what to inject. Put @Controller() above it.`,
    );
  }
  for (const [view, where] of Object.entries(paths)) {
    if (!TOKEN_VIEWS.includes(view as TokenViewName)) {
      problems.push(`paths.${view} is none of the token views.${closest(view, TOKEN_VIEWS)}`);
    } else if (!Array.isArray(where)) {
      problems.push(`paths.${view} is not a list of paths. Example: ['/auth/token']`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

function forwarding(method: Handler): Handler {
  return function (...parameters) {
    return Reflect.apply(method, this, parameters);
  };
}

/** The methods of that name, the one of `TokenController` first, the overriding ones behind it. */
function lineOf(controller: Type<TokenController>, view: TokenViewName): object[] {
  const line: object[] = [];
  let prototype = controller.prototype as object | null;
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype) as object | null) {
    const own = Object.getOwnPropertyDescriptor(prototype, view)?.value as object | undefined;
    if (own !== undefined) line.unshift(own);
  }
  return line;
}

/** Lists to which an overriding method does not add. */
const REPLACED: unknown[] = [PATH_METADATA, AUTHENTICATION];

/**
 * An overriding method's decorators add to the view's: guards and headers to the list, all else in its place. A guard that
 * both name is there once: two would check a password twice. One that keeps strangers out ends that the view is public.
 */
function copyMetadata(sources: readonly object[], target: object): void {
  for (const source of sources) {
    for (const key of Reflect.getMetadataKeys(source)) {
      const value = Reflect.getMetadata(key, source) as unknown;
      const before = Reflect.getMetadata(key, target) as unknown;
      Reflect.defineMetadata(key, REPLACED.includes(key) ? value : joined(before, value), target);
    }
    if (isClosed(source) && !Reflect.hasMetadata(PUBLIC, source)) {
      Reflect.defineMetadata(PUBLIC, false, target);
    }
  }
}

function joined(before: unknown, value: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(value)) return [...new Set([...before, ...value])];
  return isPlain(before) && isPlain(value) ? { ...before, ...value } : value;
}

function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Metadata that is kept with the class under the member's name: parameter types and OpenAPI. */
function copyMemberMetadata(from: Type, to: Type, member: string): void {
  for (const [source, target] of [
    [from.prototype, to.prototype],
    [from, to],
  ] as const) {
    for (const key of Reflect.getMetadataKeys(source as object, member)) {
      Reflect.defineMetadata(
        key,
        Reflect.getMetadata(key, source as object, member),
        target as object,
        member,
      );
    }
  }
}
