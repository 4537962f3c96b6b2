import { WebSocket } from 'ws';

export interface GraphqlAnswer {
  readonly data: Record<string, unknown> | null;
  readonly errors?: { message: string; extensions: Record<string, unknown> }[];
}

/** What comes back first on a subscription, by the protocol graphql-transport-ws. */
export function subscribe(
  url: string,
  connectionParams: object | undefined,
  headers = {},
  query = 'subscription { names }',
): Promise<{ type: string }> {
  const address = `${url.replace('http', 'ws')}/graphql`;
  const socket = new WebSocket(address, 'graphql-transport-ws', { headers });
  const send = (message: object): void => socket.send(JSON.stringify(message));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.on('open', () => send({ type: 'connection_init', payload: connectionParams }));
    socket.on('message', (bytes: Buffer) => {
      const message = JSON.parse(bytes.toString()) as { type: string };
      if (message.type === 'connection_ack') {
        send({ id: '1', type: 'subscribe', payload: { query } });
        return;
      }
      socket.close();
      resolve(message);
    });
  });
}
