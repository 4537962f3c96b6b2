import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** How a program that has taken the port of a Postgres lets a client in. */
export type Welcome = 'clear text' | 'MD5' | 'no password' | 'no log-in' | 'a wrong signature';
export const WELCOMES: readonly Welcome[] = [
  'clear text',
  'MD5',
  'no password',
  'no log-in',
  'a wrong signature',
];

/** A program that speaks as much of Postgres' protocol as it takes to ask for a password. */
export interface Impostor {
  readonly port: number;
  /** Everything that clients have sent. */
  readonly received: () => string;
  /** How many have come. */
  readonly visits: () => number;
  readonly stop: () => Promise<void>;
}

const message = (type: string, ...parts: (number | string)[]): Buffer => {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part);
      const word = Buffer.alloc(4);
      word.writeInt32BE(part);
      return word;
    }),
  );
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};

const OK = message('R', 0);
const READY = message('Z', 'I');
const FIRST: Record<Welcome, Buffer> = {
  'clear text': message('R', 3),
  MD5: message('R', 5, 'salt'),
  'no password': Buffer.concat([OK, READY]),
  'no log-in': READY,
  'a wrong signature': message('R', 10, 'SCRAM-SHA-256\0\0'),
};

/** Takes a port, 0 for a free one; clients are welcomed in each of these ways in turn. */
export async function startImpostor(port: number, welcomes = WELCOMES): Promise<Impostor> {
  const sockets = new Set<Socket>();
  let received = '';
  let visits = 0;
  const server = createServer((socket) => {
    const welcome = welcomes[visits++ % welcomes.length]!;
    sockets.add(socket);
    let step = 0;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      received += text;
      step += 1;
      if (step === 1) socket.write(FIRST[welcome]);
      else if (welcome === 'a wrong signature') socket.write(scram(step, text));
      else socket.write(Buffer.concat([OK, READY]));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    received: () => received,
    visits: () => visits,
    stop: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A challenge of few rounds, then a signature that only whoever knows the password could make, with all that follows. */
function scram(step: number, text: string): Buffer {
  if (step > 2) return Buffer.concat([message('R', 12, `v=${'A'.repeat(43)}=`), OK, READY]);
  const nonce = /r=([^,\0]+)/.exec(text)?.[1] ?? '';
  return message('R', 11, `r=${nonce}xyz,s=c2FsdA==,i=1`);
}
