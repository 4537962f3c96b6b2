import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

/** Ticks of /proc per second: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS = 100;

/** Cores that this process may use, e.g. `[0, 1]`. */
export function allowedCores() {
  const [, list = '0'] = /Cpus_allowed_list:\s*(\S+)/.exec(
    readFileSync('/proc/self/status', 'utf8'),
  );
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/**
 * Who runs where: the server has a core of its own, the load generator and Postgres share another. Pins this process to
 * the second one; what it starts inherits that.
 */
export function shareCores() {
  const cores = allowedCores();
  if (cores.length < 2) throw new Error('the bench needs two cores');
  const [server, load] = cores;
  execFileSync('taskset', ['-a', '-p', '-c', String(load), String(process.pid)], { stdio: 'pipe' });
  return { server: String(server), load: String(load), all: cores.join(',') };
}

/** The fields of /proc/PID/stat behind the name, or null when the process is gone: 0 state, 1 parent, 2 group … */
function statOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));
const ownTicks = (stat) => Number(stat[11]) + Number(stat[12]);
const reapedTicks = (stat) => Number(stat[13]) + Number(stat[14]);

/** User and system time of a process group, seconds. */
export function groupCpu(group) {
  const stats = pids().map(statOf);
  const ticks = stats.map((stat) => (stat && Number(stat[2]) === group ? ownTicks(stat) : 0));
  return sum(ticks) / TICKS;
}

/** User and system time of a process and its children, seconds; children that have ended count. */
export function familyCpu(parent) {
  const ticks = pids().map((pid) => {
    const stat = statOf(pid);
    if (!stat) return 0;
    if (Number(pid) === parent) return ownTicks(stat) + reapedTicks(stat);
    return Number(stat[1]) === parent ? ownTicks(stat) : 0;
  });
  return sum(ticks) / TICKS;
}

/** Resident memory of a process group, bytes. */
export function groupMemory(group) {
  const stats = pids().map(statOf);
  return sum(
    stats.map((stat) => (stat && Number(stat[2]) === group ? Number(stat[21]) * 4096 : 0)),
  );
}

/** What the figures depend on. */
export function environment() {
  return {
    date: new Date().toISOString().slice(0, 16),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    node: process.version,
    load: loadavg().map((load) => Number(load.toFixed(2))),
  };
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
