import { setFlagsFromString } from 'node:v8';

/*
 * Loading the framework makes garbage of twice the size of what stays, and V8 would keep the room for it. While this
 * module is the first one that is imported, the heap stays small until the server listens (146 → 124 MB).
 */
setFlagsFromString('--optimize-for-size');

/** From here on the heap may grow again: requests want speed. */
export function favourSpeed(): void {
  setFlagsFromString('--no-optimize-for-size');
}
