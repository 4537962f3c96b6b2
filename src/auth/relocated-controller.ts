import type { Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import type { TokenPaths, TokenView } from './token-paths.js';
import type { TokenController } from './token.controller.js';

/**
 * The controller with its views at other paths. Nest reads paths from metadata of the handlers, so that a subclass with
 * handlers of its own is needed; the given class keeps its paths.
 */
export function withTokenPaths(
  controller: Type<TokenController>,
  paths: Partial<TokenPaths>,
): Type<TokenController> {
  if (Object.keys(paths).length === 0) return controller;
  class Relocated extends controller {}
  Object.defineProperty(Relocated, 'name', { value: controller.name });
  for (const [view, where] of Object.entries(paths) as [TokenView, readonly string[]][]) {
    const original: unknown = Reflect.get(controller.prototype, view);
    if (typeof original !== 'function') continue;
    const handler = function (this: TokenController, ...parameters: unknown[]): unknown {
      return Reflect.apply(original, this, parameters);
    };
    for (const key of Reflect.getMetadataKeys(original)) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, original), handler);
    }
    Reflect.defineMetadata(PATH_METADATA, [...where], handler);
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
