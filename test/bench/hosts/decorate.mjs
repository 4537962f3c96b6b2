/** Applies decorators where there is no syntax for them: to a class, or to one of its methods. */
export function decorate(target, decorators, method) {
  for (const decorator of decorators) {
    if (method === undefined) decorator(target);
    else {
      const { prototype } = target;
      decorator(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
    }
  }
}
