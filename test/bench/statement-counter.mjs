import { createServer, connect } from 'node:net';

const QUERY = 'Q'.charCodeAt(0);
const EXECUTE = 'E'.charCodeAt(0);

/**
 * A TCP proxy before Postgres that counts the statements that pass it: messages `Query` and `Execute` of the frontend
 * protocol. It sees what is sent, however the server sends it, and needs no extension in the database.
 */
export async function startStatementCounter(target) {
  let statements = 0;
  const sockets = new Set();
  const proxy = createServer((client) => {
    const upstream = connect(target.port, '127.0.0.1');
    const read = messageReader((type) => {
      if (type === QUERY || type === EXECUTE) statements += 1;
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.end();
      });
      socket.pipe(other);
    }
    client.on('data', read);
  });
  await new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: proxy.address().port,
    count: () => statements,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

/** Cuts a stream of the frontend into messages. Only the first one, the start-up message, has no type byte. */
function messageReader(onMessage) {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = isStarted ? 1 : 0;
      if (rest.length < head + 4) return;
      const size = head + rest.readInt32BE(head);
      if (rest.length < size) return;
      if (isStarted) onMessage(rest[0]);
      isStarted = true;
      rest = rest.subarray(size);
    }
  };
}
