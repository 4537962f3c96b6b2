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
 * The controller that serves the token views of one application at the given paths: a subclass of the given controller,
 * whose overriding methods keep the decorators of `TokenController`. Nest reads decorators from each function, so that an
 * overriding method alone would be no route; and the given class must stay as it is for other applications.
 *
 * @throws ConfigError when it is no `TokenController`, or a path belongs to no view
 */
export function controllerAtPaths(
  controller: Type<TokenController>,
  paths: Partial<TokenPaths>,
): Type<TokenController> {
  checkOptions(controller, paths);
  class AtPaths extends controller {}
  Object.defineProperty(AtPaths, 'name', { value: controller.name });
  for (const view of TOKEN_VIEWS) {
    const method = Reflect.get(controller.prototype, view) as Handler;
    const handler: Handler = function (...parameters) {
      return Reflect.apply(method, this, parameters);
    };
    copyMetadata(overridesOf(controller, view), handler);
    if (paths[view]) Reflect.defineMetadata(PATH_METADATA, [...paths[view]], handler);
    // OpenAPI finds the body of a route by the name of its handler.
    Object.defineProperty(handler, 'name', { value: view });
    Object.defineProperty(AtPaths.prototype, view, {
      value: handler,
      writable: true,
      configurable: true,
    });
  }
  return AtPaths;
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

/** The methods of that name, from that of `TokenController` to the one that overrides all others. */
function overridesOf({ prototype }: Type<TokenController>, view: TokenViewName): object[] {
  const parent = Object.getPrototypeOf(prototype) as TokenController | null;
  const inherited = parent && view in parent ? overridesOf(parent.constructor as Type, view) : [];
  return Object.hasOwn(prototype, view) ? [...inherited, prototype[view]] : inherited;
}

/** Lists that an overriding method replaces. */
const REPLACED: unknown[] = [PATH_METADATA, AUTHENTICATION];

/**
 * The decorators of an overriding method add to the view's: guards and headers join the list, anything else takes the
 * place of the view's. A guard that both name is there once: two would check a password twice. A guard that keeps
 * strangers out ends that the view is public.
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
