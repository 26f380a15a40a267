import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A process as it can be told from a later one that got the same id. */
export type ProcessMark = { name: string; pid: number; startedAt: string };

/** When a process started, in the system's own words; null: there is no such process. A zombie counts as gone. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields after the command's closing bracket (which may hold anything): state is the 1st, start time the 20th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    if (process.platform === 'linux') return null;
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

export const markOf = (name: string, pid: number): ProcessMark => ({ name, pid, startedAt: startOf(pid) ?? '' });

/** Whether it is this very process that still runs. */
export const isAlive = (mark: ProcessMark): boolean => mark.startedAt !== '' && startOf(mark.pid) === mark.startedAt;

/** Sends a signal to a process and, where it leads a group, to its children; silent when it is gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch {
      // no such group, or no such process
    }
  }
}

/** Stops processes that a killed run left behind: asks, waits, then kills. Returns those that it found. */
export async function stopOrphans(marks: ProcessMark[], graceMs = 5_000): Promise<ProcessMark[]> {
  const found = marks.filter(isAlive);
  found.forEach((mark) => signalGroup(mark.pid, 'SIGTERM'));
  for (const deadline = Date.now() + graceMs; found.some(isAlive) && Date.now() < deadline;) await pause(50);
  found.filter(isAlive).forEach((mark) => signalGroup(mark.pid, 'SIGKILL'));
  while (found.some(isAlive)) await pause(20);
  return found;
}
