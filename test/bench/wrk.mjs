import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const JSON_BODY = '["Content-Type"]="application/json"';

/** Sends the lines of a file in turn, each made into a request once, before the clock runs. */
const inTurn = (file, makeRequest) => `
local requests, i = {}, 0
function init() for line in io.lines("${file}") do requests[#requests + 1] = ${makeRequest} end end
function request() i = i % #requests + 1 return requests[i] end`;

/** What wrk sends. `file` has a token on each line, for `login` a body. */
export const SCRIPTS = {
  get: (path) => `function request() return wrk.format("GET", "${path}") end`,
  authorized: (path, file) =>
    inTurn(file, `wrk.format("GET", "${path}", {["Authorization"]="Bearer " .. line})`),
  post: (path, file) => inTurn(file, `wrk.format("POST", "${path}", {${JSON_BODY}}, line)`),
  /** Every token is used once, and the successor that it was answered with joins the queue. */
  rotate: (path, file) => `
local queue, first, last = {}, 1, 0
function init() for line in io.lines("${file}") do last = last + 1 queue[last] = line end end
function request()
  local token = queue[first] or "none"
  queue[first] = nil
  first = first + 1
  return wrk.format("POST", "${path}", {${JSON_BODY}}, '{"refresh":"' .. token .. '"}')
end
function response(status, headers, body)
  local token = body:match('"refresh"%s*:%s*"([^"]+)"')
  if token then last = last + 1 queue[last] = token end
end`,
};

/** Errors are read from the summary: an answer that is refused is fast, and would make a fine figure. */
const SUMMARY = `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %f %f\\n", summary.requests,
    e.status + e.connect + e.read + e.write + e.timeout,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end`;

let scripts = 0;

/**
 * Loads a server with one thread of wrk.
 *
 * @param cores - where wrk runs; by default where this process does
 * @returns requests, errors, rate (requests per second), p50 and p99 in ms
 */
export function load({ server, script, connections, seconds, folder, cores }) {
  const file = join(folder, `load-${(scripts += 1)}.lua`);
  writeFileSync(file, `${script}\n${SUMMARY}`);
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '20s', '-s', file];
  const [program, ...args] = [...(cores ? ['taskset', '-c', cores] : []), ...wrk, server.url];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.once('error', reject);
    child.once('close', () => {
      const figures = /RESULT (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)/
        .exec(output)
        ?.slice(1)
        .map(Number);
      if (!figures) return reject(new Error(`wrk on ${server.name}: ${output}`));
      const [requests, errors, micros, p50, p99] = figures;
      const rate = requests / (micros / 1e6);
      resolve({ requests, errors, rate, p50: p50 / 1000, p99: p99 / 1000 });
    });
  });
}
