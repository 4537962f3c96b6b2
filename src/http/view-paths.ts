import type { HttpViewPath } from './views.js';

/** The view that serves a request. */
export interface FoundView {
  readonly view: HttpViewPath;
  /** The path as the router knows it: decoded, without the slash at its end. */
  readonly routePath: string;
}

interface Pattern {
  readonly view: HttpViewPath;
  readonly exact: RegExp;
  readonly lenient: RegExp;
}

/** Finds the views of requests by path, as contract §2 demands: case and slashes count, percent-encoding does not. */
export class HttpViewPaths {
  private readonly fixed = new Map<string, FoundView>();
  private readonly lenient = new Set<string>();
  private readonly patterns: readonly Pattern[];

  constructor(views: readonly HttpViewPath[]) {
    for (const view of views) {
      const routePath = withoutEndSlash(view.path);
      this.lenient.add(routePath.toLowerCase());
      for (const path of spellings(view)) this.fixed.set(path, { view, routePath });
    }
    this.patterns = views.filter(hasParameters).map((view) => {
      const source = withoutEndSlash(view.path).replaceAll(/:\w+/g, '[^/]+');
      const end = view.path.endsWith('/') ? '/?' : '';
      return {
        view,
        exact: new RegExp(`^${source}${end}$`),
        lenient: new RegExp(`^${source}/?$`, 'i'),
      };
    });
  }

  /** The view that a route of Fastify serves. */
  ofRoute(path: string): HttpViewPath | undefined {
    return this.fixed.get(path)?.view;
  }

  /** The view of a request; undefined when the path belongs to no view or cannot be decoded. */
  find(url: string): FoundView | undefined {
    const raw = rawPath(url);
    const usual = this.fixed.get(raw);
    if (usual) return usual;
    const path = decoded(raw);
    if (path === null) return undefined;
    return this.fixed.get(path) ?? this.match(path, raw);
  }

  /** Whether a lenient router, like that of Express, would serve a view at this path although no view has this path. */
  isMisspelt(url: string): boolean {
    const raw = rawPath(url);
    const path = decoded(raw) ?? raw;
    return (
      this.find(url) === undefined &&
      (this.lenient.has(withoutEndSlash(path).toLowerCase()) ||
        this.patterns.some(({ lenient }) => lenient.test(path)))
    );
  }

  private match(path: string, raw: string): FoundView | undefined {
    const view = this.patterns.find(({ exact }) => exact.test(path))?.view;
    if (!view) return undefined;
    const segments = raw.split('/');
    // The router decodes parameters itself.
    const routePath = withoutEndSlash(view.path)
      .split('/')
      .map((segment, index) => (segment.startsWith(':') ? (segments[index] ?? '') : segment))
      .join('/');
    return { view, routePath };
  }
}

/** A path without the slash that it may end in. */
export function withoutEndSlash(path: string): string {
  return path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path;
}

/** A path that ends in a slash is served without it as well: clients would repeat a redirected POST as GET. */
function spellings({ path }: HttpViewPath): string[] {
  return path.endsWith('/') ? [path, withoutEndSlash(path)] : [path];
}

function hasParameters({ path }: HttpViewPath): boolean {
  return path.includes(':');
}

function rawPath(url: string): string {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

function decoded(path: string): string | null {
  try {
    return decodeURI(path);
  } catch {
    return null;
  }
}
