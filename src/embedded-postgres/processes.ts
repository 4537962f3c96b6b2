import { readFileSync } from 'node:fs';
import { codeOf } from './embedded-postgres-error.js';

/** What `/proc/<pid>/stat` says, or null without `/proc` (macOS) or without the process. */
function readStat(pid: number): { state: string; startTicks: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, which may itself contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
  } catch {
    return null;
  }
}

/** Whether a process has this pid. A zombie has ended: its parent just has not asked yet. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    if (codeOf(error) !== 'EPERM') return false;
  }
  return readStat(pid)?.state !== 'Z';
}

/**
 * Tells a process from a later one with the same pid, also across reboots; null where the platform does not
 * say (no `/proc`).
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

/** The process's arguments, program first; null where the platform does not say. */
export function findCommandLine(pid: number): string[] | null {
  try {
    // Readable by everybody, unlike /proc/<pid>/cwd, which root in a container may not follow.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return null;
  }
}
