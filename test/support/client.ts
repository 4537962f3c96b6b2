/** An answer, read to its end. */
export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: Body;
}

/** What a log-in gives. */
export interface Pair {
  readonly refresh: string;
  readonly access: string;
}

/** Headers by name. */
export type HeaderValues = Readonly<Record<string, string>>;

/** Talks to a server as a client of the token views does. */
export class TestClient {
  constructor(private readonly url: string) {}

  /** Sends anything; a body that is no text or bytes goes as JSON. */
  async send<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: HeaderValues = {},
  ): Promise<Answer<Body>> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      body: isRaw || body === undefined ? (body as string | undefined) : JSON.stringify(body),
      redirect: 'manual',
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) as Body };
  }

  post<Body = unknown>(
    path: string,
    body?: unknown,
    headers?: HeaderValues,
  ): Promise<Answer<Body>> {
    return this.send('POST', path, body, headers);
  }

  get<Body = unknown>(path: string, headers?: HeaderValues): Promise<Answer<Body>> {
    return this.send('GET', path, undefined, headers);
  }

  obtain(username: string, password: string): Promise<Answer<Pair>> {
    return this.post('/login/simpleJWT', { username, password });
  }

  /** The pair of a log-in that must succeed. */
  async login(username: string, password: string): Promise<Pair> {
    const answer = await this.obtain(username, password);
    if (answer.status !== 200) throw new Error(`log-in answered ${answer.status}: ${answer.text}`);
    return answer.body;
  }

  refresh(refresh: string): Promise<Answer<Pair>> {
    return this.post('/login/simpleJWT/refresh', { refresh });
  }

  verify(token: string): Promise<Answer> {
    return this.post('/login/simpleJWT/verify', { token });
  }

  blacklist(refresh: string): Promise<Answer> {
    return this.post('/login/simpleJWT/blacklist', { refresh });
  }

  /** The guarded route. */
  me(access: string, headers?: HeaderValues): Promise<Answer> {
    return this.get('/users/me', { authorization: `Bearer ${access}`, ...headers });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
