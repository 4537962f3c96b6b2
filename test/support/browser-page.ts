import { parseSetCookie } from 'cookie';
import { TestClient, type Answer, type HeaderValues } from './client.js';

interface StoredCookie {
  readonly value: string;
  /** Epoch ms. */
  readonly end: number;
}

/** The cookies of one browser for one host, as far as paths and ages go (RFC 6265 §5). */
export class CookieJar {
  private readonly cookies = new Map<string, StoredCookie>();

  /** What `Set-Cookie` asks for, in the order in which answers arrive. */
  store(setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const { name, value = '', path = '/', maxAge = 0 } = parseSetCookie(line);
      const key = `${name};${path}`;
      if (maxAge <= 0) this.cookies.delete(key);
      else this.cookies.set(key, { value, end: Date.now() + maxAge * 1000 });
    }
  }

  /** Value of `Cookie` for a path; empty when there is none. */
  headerFor(path: string): string {
    const [bare = ''] = path.split('?', 1);
    return [...this.cookies]
      .filter(([, { end }]) => end > Date.now())
      .filter(([key]) => isSentTo(key.slice(key.indexOf(';') + 1), bare))
      .map(([key, { value }]) => `${key.slice(0, key.indexOf(';'))}=${value}`)
      .join('; ');
  }

  get size(): number {
    return this.cookies.size;
  }
}

function isSentTo(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.replace(/\/?$/, '/'));
}

/** A page in a browser: it shares the jar with the browser's other pages, and says what site it is of. */
export class BrowserPage extends TestClient {
  constructor(
    url: string,
    readonly jar = new CookieJar(),
    private readonly headers: HeaderValues = { 'sec-fetch-site': 'same-origin' },
  ) {
    super(url);
  }

  override async send<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: HeaderValues = {},
  ): Promise<Answer<Body>> {
    const cookie = this.jar.headerFor(path);
    const own: Record<string, string> = cookie === '' ? {} : { cookie };
    const answer = await super.send<Body>(method, path, body, {
      'user-agent': 'Browser/1',
      ...own,
      ...this.headers,
      ...headers,
    });
    this.jar.store(answer.headers.getSetCookie());
    return answer;
  }

  /** Refreshes with the cookie alone. */
  renew(): Promise<Answer<{ access: string }>> {
    return this.post('/login/simpleJWT/refresh');
  }

  /** Logs out with the cookie alone. */
  logOut(): Promise<Answer> {
    return this.post('/login/simpleJWT/blacklist');
  }
}
