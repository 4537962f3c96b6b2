import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What a network does with what it is given. */
export type Passage = 'both' | 'requests' | 'nothing';

/** A network between a client and a server that can be made to lose packets. */
export interface TcpProxy {
  /** The same address, through this network. */
  readonly through: (url: string) => string;
  /** `requests` loses the answers, `nothing` loses both; connections stay open and new ones are accepted. */
  readonly let: (passage: Passage) => void;
  /** Settles with the next bytes that the server sends and this network loses. */
  readonly lostAnswer: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a proxy on a free port. A connection on which something was lost never works again, as behind a firewall that
 * has forgotten it; and so does every other one that was open at that time.
 */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let passage: Passage = 'both';
  // Connections of an earlier epoch are forgotten.
  let epoch = 0;
  let onLost: () => void = () => undefined;

  const server = createServer((client) => {
    const born = epoch;
    const upstream = connect(Number(port), hostname);
    const passes = (isAnswer: boolean): boolean =>
      passage === 'both' ? born === epoch : passage === 'requests' && !isAnswer;
    for (const [from, to, isAnswer] of [
      [client, upstream, false],
      [upstream, client, true],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes: Buffer) => {
        if (passes(isAnswer)) to.write(bytes);
        else if (isAnswer) onLost();
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        // A network that loses packets loses the farewell as well.
        if (passes(isAnswer)) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    through: (url) => {
      const address = new URL(url);
      address.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      return address.href;
    },
    let: (wanted) => {
      if (wanted === 'both' && passage !== 'both') epoch += 1;
      passage = wanted;
    },
    lostAnswer: () =>
      new Promise<void>((resolve) => {
        onLost = resolve;
      }),
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
