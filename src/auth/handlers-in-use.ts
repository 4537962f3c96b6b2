import { MetadataScanner, type ModulesContainer } from '@nestjs/core';

/** A class of the host with what Nest may call in it. */
export interface HandlerClass {
  readonly type: { readonly name: string; readonly prototype: object };
  /** Methods by name. */
  readonly methods: ReadonlyMap<string, object>;
}

/** Controllers and, since resolvers, gateways and handlers of messages are among them, providers. */
export function* handlersInUse(modules: ModulesContainer): Generator<HandlerClass> {
  const scanner = new MetadataScanner();
  for (const { controllers, providers } of modules.values()) {
    for (const { metatype } of [...controllers.values(), ...providers.values()]) {
      const prototype: unknown = metatype?.prototype;
      if (!metatype || typeof prototype !== 'object' || prototype === null) continue;
      const methods = new Map<string, object>();
      for (const name of scanner.getAllMethodNames(prototype)) {
        const method: unknown = Reflect.get(prototype, name);
        if (typeof method === 'function') methods.set(name, method);
      }
      yield { type: metatype, methods };
    }
  }
}
