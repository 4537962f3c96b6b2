import { readFileSync } from 'node:fs';
import { codeOf } from './embedded-postgres-error.js';

/** State and start of a process from `/proc/<pid>/stat`; null without `/proc` (macOS) or without the process. */
function readStat(pid: number): { state: string; startTicks: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets; the name may contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
  } catch {
    return null;
  }
}

/** Whether a process with this pid runs. A zombie has ended; its parent has not read its exit code yet. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    if (codeOf(error) !== 'EPERM') return false;
  }
  return readStat(pid)?.state !== 'Z';
}

/**
 * Tells a process from a later one with the same pid, also across reboots; null where the platform does not tell
 * (no `/proc`).
 */
export function findProcessIdentity(pid: number): string | null {
  const stat = readStat(pid);
  if (!stat) return null;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${stat.startTicks}`;
  } catch {
    return `:${stat.startTicks}`;
  }
}

/** The arguments of a process, the program first; null where the platform does not tell. */
export function findCommandLine(pid: number): string[] | null {
  try {
    // Every user may read this file; /proc/<pid>/cwd is not readable even for root in a container.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return null;
  }
}
