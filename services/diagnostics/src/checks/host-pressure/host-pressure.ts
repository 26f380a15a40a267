import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { SshAccess } from '@nightshift/types';
import { unknown, type Check, type CheckContext, type Finding, type SubjectOf } from '../../check.ts';
import { runThere } from '../../command.ts';
import { listed } from '../../words.ts';

const sampleMs = 500;
const cpuLimitPercent = 95;
const loadPerCpuLimit = 2;
const memoryLimitPercent = 95;
const stalledLimitPercent = 25;

/** The files of Linux that tell of pressure; the last three only where the kernel counts it (https://docs.kernel.org/accounting/psi.html). */
export type Reading = {
  stat: string;
  later: string;
  meminfo: string;
  loadavg: string;
  psi: Record<'cpu' | 'memory' | 'io', string>;
};

/** Memory, CPU and I/O pressure of a machine: the one that diagnostics runs on, or one that is reached over SSH. */
export const hostPressure: Check<SubjectOf<'host'>, 'host_pressure'> = {
  id: 'host_pressure',
  appliesTo: (subject) => subject.kind === 'host',
  async run(context) {
    const { ssh } = context.subject;
    const read = ssh ? readThere(context, ssh) : readHere(context.signal);
    const { stat = '' } = await read(['stat']);
    await delay(sampleMs, undefined, { signal: context.signal });
    const files = await read(['stat', 'meminfo', 'loadavg', 'pressure/cpu', 'pressure/memory', 'pressure/io']);
    const psi = (what: string) => files[`pressure/${what}`] ?? '';
    const { stat: later = '', meminfo = '', loadavg = '' } = files;
    const reading = { stat, later, meminfo, loadavg, psi: { cpu: psi('cpu'), memory: psi('memory'), io: psi('io') } };
    return judge(reading, ssh ? 1 : availableParallelism());
  },
};

/** Reads files of /proc; those that are not there are left out. */
type ReadProc = (names: string[]) => Promise<Record<string, string>>;

const readHere =
  (signal: AbortSignal): ReadProc =>
  async (names) => {
    const read = (name: string) => readFile(`/proc/${name}`, { encoding: 'utf8', signal }).catch(() => null);
    const texts = await Promise.all(names.map(read));
    signal.throwIfAborted();
    return Object.fromEntries(names.flatMap((name, i) => (texts[i] === null ? [] : [[name, texts[i]!]])));
  };

/** In one go: `tail` puts a line with its name before each of several files. */
const readThere =
  (context: CheckContext<SubjectOf<'host'>>, ssh: SshAccess): ReadProc =>
  async (names) => {
    const { stdout } = await runThere(context, ssh, [
      'tail',
      '-v',
      '-n',
      '+1',
      ...names.map((name) => `/proc/${name}`),
    ]);
    const [, ...parts] = stdout.split(/^==> \/proc\/(\S+) <==\n/m);
    return Object.fromEntries(parts.flatMap((part, i) => (i % 2 === 0 ? [[part, parts[i + 1] ?? '']] : [])));
  };

/** Pure. `cpus`: processors where /proc/stat names none. */
export function judge(reading: Reading, cpus: number): Finding<'host_pressure'> {
  const memory = parseMeminfo(reading.meminfo);
  const total = memory.get('MemTotal');
  const available = memory.get('MemAvailable');
  if (!total || available === undefined) return unknown('its /proc/meminfo does not say how much memory there is');
  const load1 = Number(reading.loadavg.split(' ')[0]);
  const processors = reading.stat.match(/^cpu\d+ /gm)?.length ?? cpus;
  const swap = memory.get('SwapTotal') ?? 0;
  const facts = {
    cpus: processors,
    cpuPercent: cpuPercent(reading.stat, reading.later),
    load1,
    loadPerCpu: round(load1 / processors),
    memoryTotalBytes: total,
    memoryAvailableBytes: available,
    memoryUsedPercent: round(((total - available) / total) * 100),
    swapUsedPercent: swap > 0 ? round(((swap - (memory.get('SwapFree') ?? swap)) / swap) * 100) : null,
    cpuStalledPercent: someAvg10(reading.psi.cpu),
    memoryStalledPercent: someAvg10(reading.psi.memory),
    ioStalledPercent: someAvg10(reading.psi.io),
  };
  const trouble = [
    facts.memoryUsedPercent >= memoryLimitPercent && `memory is ${facts.memoryUsedPercent}% used`,
    above(facts.memoryStalledPercent, stalledLimitPercent) &&
      `tasks wait for memory ${facts.memoryStalledPercent}% of the time`,
    above(facts.ioStalledPercent, stalledLimitPercent) && `tasks wait for disks ${facts.ioStalledPercent}% of the time`,
    above(facts.cpuPercent, cpuLimitPercent) &&
      facts.loadPerCpu > loadPerCpuLimit &&
      `its processors are ${facts.cpuPercent}% busy and ${facts.loadPerCpu} tasks queue for each`,
  ];
  const output = `CPU ${facts.cpuPercent ?? '?'}% of ${processors}, load ${load1}, memory ${facts.memoryUsedPercent}% of ${gigabytes(total)}`;
  return { status: trouble.some((line) => line !== false) ? 'degraded' : 'ok', facts, output: listed(trouble, output) };
}

function parseMeminfo(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name, kilobytes]) => [name!, Number(kilobytes) * 1_024]),
  );
}

/** Share of the time between two readings of the line `cpu` that was neither idle nor waiting for a disk. */
function cpuPercent(before: string, after: string): number | null {
  const ticks = (text: string) => (/^cpu +(.+)$/m.exec(text)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  const [first, second] = [ticks(before), ticks(after)];
  const spent = second.map((value, i) => value - (first[i] ?? 0));
  const total = spent.reduce((sum, value) => sum + value, 0);
  return total > 0 ? round((1 - ((spent[3] ?? 0) + (spent[4] ?? 0)) / total) * 100) : null;
}

function someAvg10(text: string): number | null {
  const value = /^some avg10=([\d.]+)/m.exec(text)?.[1];
  return value === undefined ? null : Number(value);
}

const above = (value: number | null, limit: number) => value !== null && value > limit;
const round = (value: number) => Math.round(value * 10) / 10;
const gigabytes = (bytes: number) => `${(bytes / 1_073_741_824).toFixed(1)} GB`;
