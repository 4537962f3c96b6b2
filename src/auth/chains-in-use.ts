import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import type { AuthenticationClass } from '../config/settings.js';
import { AUTHENTICATION } from './route-rules.js';

/** The authentication classes that `@UseAuthentication()` names anywhere in the application, each with the place. */
export function chainsInUse(modules: ModulesContainer): ReadonlyMap<AuthenticationClass, string> {
  const found = new Map<AuthenticationClass, string>();
  const note = (target: object, place: string): void => {
    const names = Reflect.getMetadata(AUTHENTICATION, target) as AuthenticationClass[] | undefined;
    for (const name of names ?? []) if (!found.has(name)) found.set(name, place);
  };
  const scanner = new MetadataScanner();
  for (const { controllers, providers } of modules.values()) {
    // Resolvers, gateways and handlers of messages are providers.
    for (const { metatype } of [...controllers.values(), ...providers.values()]) {
      const prototype: unknown = metatype?.prototype;
      if (!metatype || typeof prototype !== 'object' || prototype === null) continue;
      note(metatype, metatype.name);
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler: unknown = Reflect.get(prototype, name);
        if (typeof handler === 'function') note(handler, `${metatype.name}.${name}`);
      }
    }
  }
  return found;
}
