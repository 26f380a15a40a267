import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Something that uses processors: its time so far in microseconds, in user mode and in the kernel. */
export type Meter = { name: string; cpuUs(): number };

let ticksPerSecond: number | undefined;

type Stat = { parent: number; ticks: number; ofDeadChildren: number };

/** One process by name. */
export const processMeter = (name: string, pid: number): Meter => ({
  name,
  cpuUs: () => inMicroseconds(statOf(pid)?.ticks ?? 0),
});

/** A process with all its children, those that have ended too: Postgres has one per connection. */
export const treeMeter = (name: string, pid: number): Meter => ({
  name,
  cpuUs() {
    const own = statOf(pid);
    const living = readdirSync('/proc').flatMap((entry) => {
      const stat = /^\d+$/.test(entry) ? statOf(Number(entry)) : undefined;
      return stat?.parent === pid ? [stat.ticks] : [];
    });
    return inMicroseconds(
      (own?.ticks ?? 0) + (own?.ofDeadChildren ?? 0) + living.reduce((sum, ticks) => sum + ticks, 0),
    );
  },
});

/** Microseconds of processor time by name, of those with one name together, from now until the function is called. */
export function startMeters(meters: Meter[]): () => Record<string, number> {
  const before = meters.map((meter) => meter.cpuUs());
  return () => {
    const spent: Record<string, number> = {};
    meters.forEach(({ name, cpuUs }, i) => (spent[name] = (spent[name] ?? 0) + cpuUs() - before[i]!));
    return spent;
  };
}

/** Fields of /proc/PID/stat (proc(5)), counted behind the command's closing bracket; undefined: there is no such process. */
function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return { parent: fields[1]!, ticks: fields[11]! + fields[12]!, ofDeadChildren: fields[13]! + fields[14]! };
}

function inMicroseconds(ticks: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return (ticks * 1_000_000) / ticksPerSecond;
}
