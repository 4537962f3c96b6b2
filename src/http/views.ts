import {
  GUARDS_METADATA,
  METHOD_METADATA,
  MODULE_PATH,
  PATH_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants.js';
import {
  RequestMethod,
  type CanActivate,
  type INestApplicationContext,
  type Type,
  type VersioningOptions,
} from '@nestjs/common';
import { ApplicationConfig, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { HTTP_VIEW, type HttpViewInfo } from './view.decorator.js';

type VersionValue = VersioningOptions['defaultVersion'];

/** A path of the wire contract with all that the HTTP rules need to know about it. */
export interface HttpViewPath {
  /** As it is written in the contract; a slash at the end counts. */
  readonly path: string;
  readonly info: HttpViewInfo;
  /** Methods that have a handler. */
  readonly methods: ReadonlySet<string>;
  /** Value of `Allow`. */
  readonly allow: string;
  /** Guards of the whole controller, which come before the method check (contract §2). */
  readonly guards: readonly (Type<CanActivate> | CanActivate)[];
  readonly controller: Type;
  /** One of the methods that serve the path. */
  readonly handler: object;
}

/** Finds the paths of all handlers that carry `@HttpView`, in any module of the application. */
export function collectHttpViews(app: INestApplicationContext): HttpViewPath[] {
  return httpViewsOf(app.get(ModulesContainer), app.get(ApplicationConfig));
}

/** The same, for a provider: it can inject both. */
export function httpViewsOf(modules: ModulesContainer, config: ApplicationConfig): HttpViewPath[] {
  const scanner = new MetadataScanner();
  const views = new Map<string, HttpViewPath>();
  for (const module of modules.values()) {
    for (const { metatype } of module.controllers.values()) {
      const prototype: unknown = metatype?.prototype;
      if (typeof prototype !== 'object' || prototype === null) continue;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const modulePath = pathOfModule(modules, module.metatype);
        for (const view of viewsOf(metatype as Type, name, { config, modulePath })) {
          const other = views.get(view.path);
          views.set(view.path, other ? merged(other, view) : view);
        }
      }
    }
  }
  return [...views.values()];
}

/** The parts of a path that are said neither by the controller nor by its method. */
interface Surroundings {
  readonly config: ApplicationConfig;
  readonly modulePath: string | undefined;
}

function viewsOf(controller: Type, name: string, around: Surroundings): HttpViewPath[] {
  const handler = Reflect.get(controller.prototype as object, name) as object;
  const info = Reflect.getMetadata(HTTP_VIEW, handler) as HttpViewInfo | undefined;
  if (!info) return [];
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
  const verb = RequestMethod[method];
  const methods = new Set(verb === 'GET' ? ['GET', 'HEAD'] : [verb]);
  const guards = (Reflect.getMetadata(GUARDS_METADATA, controller) ?? []) as HttpViewPath['guards'];
  return pathsOf(controller).flatMap((base) =>
    pathsOf(handler).flatMap((path) =>
      routesOf(controller, handler, { base, path, method }, around).map((route) => ({
        path: route,
        info,
        methods,
        allow: allowOf(methods),
        guards,
        controller,
        handler,
      })),
    ),
  );
}

/** The paths of a method in Nest: prefix, version and path of the module come first. Nest drops the slash at the end. */
function routesOf(
  controller: Type,
  handler: object,
  { base, path, method }: { base: string; path: string; method: RequestMethod },
  { config, modulePath }: Surroundings,
): string[] {
  const versioningOptions = config.getVersioning();
  const routes = new RoutePathFactory(config).create(
    {
      ctrlPath: base,
      methodPath: path,
      globalPrefix: withLeadingSlash(config.getGlobalPrefix()),
      modulePath,
      controllerVersion: versioningOptions
        ? (versionOf(controller) ?? versioningOptions.defaultVersion)
        : undefined,
      methodVersion: versionOf(handler),
      versioningOptions,
    },
    method,
  );
  return routes.map((route) => (path.endsWith('/') && !route.endsWith('/') ? `${route}/` : route));
}

function pathOfModule(modules: ModulesContainer, module: Type): string | undefined {
  const key = MODULE_PATH + modules.applicationId;
  return (Reflect.getMetadata(key, module) ?? Reflect.getMetadata(MODULE_PATH, module)) as
    string | undefined;
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

function versionOf(target: object): VersionValue | undefined {
  return Reflect.getMetadata(VERSION_METADATA, target) as VersionValue | undefined;
}
