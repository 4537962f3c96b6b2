import { createServer } from 'node:http';

// What every figure is compared with: the same answer from Node alone.
const body = '{"id":1,"username":"user1"}';
const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
createServer((_request, response) => {
  response.writeHead(200, headers);
  response.end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
