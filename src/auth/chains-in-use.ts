import type { ModulesContainer } from '@nestjs/core';
import type { AuthenticationClass } from '../config/package-settings.js';
import { handlersInUse } from './handlers-in-use.js';
import { AUTHENTICATION } from '../guards/route-rules.js';

/** The authentication classes that `@UseAuthentication()` names anywhere in the application, each with the place. */
export function chainsInUse(modules: ModulesContainer): ReadonlyMap<AuthenticationClass, string> {
  const found = new Map<AuthenticationClass, string>();
  const note = (target: object, place: string): void => {
    const names = Reflect.getMetadata(AUTHENTICATION, target) as AuthenticationClass[] | undefined;
    for (const name of names ?? []) if (!found.has(name)) found.set(name, place);
  };
  for (const { type, methods } of handlersInUse(modules)) {
    note(type, type.name);
    for (const [name, method] of methods) note(method, `${type.name}.${name}`);
  }
  return found;
}
