import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { TestClient, type Answer, type HeaderValues } from './client.js';

/** Where requests come from, as far as a server can tell (design §3, "same client"). */
export interface Place {
  /** Of the loopback net; what differs before the last byte is another network. */
  readonly localAddress: string;
  /** Null sends no such header. */
  readonly userAgent: string | null;
}

/** The browser of the honest user. */
export const HOME: Place = { localAddress: '127.0.0.1', userAgent: 'Browser/1' };
/** The same network, another program. */
export const OTHER_PROGRAM: Place = { ...HOME, userAgent: 'curl/8' };
/** The same browser after a change of network, or somebody who knows what it calls itself. */
export const OTHER_NETWORK: Place = { ...HOME, localAddress: '127.9.9.9' };
/** Neither: for a server this is somebody else. */
export const STRANGER: Place = { localAddress: '127.9.9.9', userAgent: 'curl/8' };

/** A client whose requests come from a certain place. */
export class PlacedClient extends TestClient {
  constructor(
    private readonly server: string,
    private readonly place: Place,
  ) {
    super(server);
  }

  override async send<Body = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: HeaderValues = {},
  ): Promise<Answer<Body>> {
    const { localAddress, userAgent } = this.place;
    const sent = request(this.server + path, {
      method,
      localAddress,
      agent: false,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(userAgent === null ? {} : { 'user-agent': userAgent }),
        ...headers,
      },
    });
    sent.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const text = await readText(response);
    return {
      status: response.statusCode ?? 0,
      headers: new Headers(response.headers as Record<string, string>),
      text,
      body: parsed(text) as Body,
    };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
