import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { TestClient, type Answer, type HeaderValues } from './client.js';

/**
 * A client on one connection, which it uses again and again as long as the server lets it. It never tries again by
 * itself: a request that gets no answer rejects with the system's code (`ECONNREFUSED`, `ECONNRESET`, …).
 */
export class KeepAliveClient extends TestClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly server: string) {
    super(server);
  }

  override async send<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: HeaderValues = {},
  ): Promise<Answer<Body>> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const sent = request(this.server + path, {
      method,
      agent: this.agent,
      headers:
        content === undefined
          ? headers
          : {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(content),
              ...headers,
            },
    });
    sent.end(content);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const text = await readText(response);
    return {
      status: response.statusCode ?? 0,
      headers: new Headers(response.headers as Record<string, string>),
      text,
      body: JSON.parse(text) as Body,
    };
  }

  close(): void {
    this.agent.destroy();
  }
}
