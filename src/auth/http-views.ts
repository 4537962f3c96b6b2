import { GUARDS_METADATA, METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import {
  RequestMethod,
  type CanActivate,
  type INestApplicationContext,
  type Type,
} from '@nestjs/common';
import { ApplicationConfig, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { HTTP_VIEW, type HttpViewInfo } from './http-view.decorator.js';

/** A path of the wire contract with all that the HTTP rules need to know of it. */
export interface HttpViewPath {
  /** As it is written in the contract; a slash at the end counts. */
  readonly path: string;
  readonly info: HttpViewInfo;
  /** Methods that have a handler. */
  readonly methods: ReadonlySet<string>;
  /** Value of `Allow`. */
  readonly allow: string;
  /** Guards of the whole controller, which come before the method check (contract §2). */
  readonly guards: readonly Type<CanActivate>[];
}

/** Finds the paths of all handlers that carry `@HttpView`, in any module of the application. */
export function collectHttpViews(app: INestApplicationContext): HttpViewPath[] {
  const prefix = withLeadingSlash(app.get(ApplicationConfig).getGlobalPrefix());
  const scanner = new MetadataScanner();
  const views = new Map<string, HttpViewPath>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const prototype: unknown = metatype?.prototype;
      if (typeof prototype !== 'object' || prototype === null) continue;
      for (const name of scanner.getAllMethodNames(prototype)) {
        for (const view of viewsOf(metatype as Type, name, prefix)) {
          const other = views.get(view.path);
          views.set(view.path, other ? merged(other, view) : view);
        }
      }
    }
  }
  return [...views.values()];
}

function viewsOf(controller: Type, name: string, prefix: string): HttpViewPath[] {
  const handler = Reflect.get(controller.prototype as object, name) as object;
  const info = Reflect.getMetadata(HTTP_VIEW, handler) as HttpViewInfo | undefined;
  if (!info) return [];
  const verb = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod];
  const methods = new Set(verb === 'GET' ? ['GET', 'HEAD'] : [verb]);
  const guards = (Reflect.getMetadata(GUARDS_METADATA, controller) ?? []) as Type<CanActivate>[];
  return pathsOf(controller).flatMap((base) =>
    pathsOf(handler).map((path) => ({
      path: `${prefix}${base}${path}` || '/',
      info,
      methods,
      allow: allowOf(methods),
      guards,
    })),
  );
}

function pathsOf(target: object): string[] {
  const paths = Reflect.getMetadata(PATH_METADATA, target) as string | string[] | undefined;
  return [paths ?? ''].flat().map(withLeadingSlash);
}

function withLeadingSlash(path: string): string {
  const bare = path.replace(/^\/+/, '');
  return bare === '' ? '' : `/${bare}`;
}

function merged(one: HttpViewPath, other: HttpViewPath): HttpViewPath {
  const methods = new Set([...one.methods, ...other.methods]);
  return { ...one, methods, allow: allowOf(methods) };
}

function allowOf(methods: ReadonlySet<string>): string {
  return [...methods, 'OPTIONS'].join(', ');
}
