import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { House } from './house.ts';

/** A process that the benchmark started. */
export type Child = {
  pid: number;
  process: ChildProcess;
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
};

export type ChildOptions = { file: string; args: string[]; env?: Record<string, string>; ipc?: boolean };

const graceMs = 10_000;

/** Whether a program is installed. */
export const installed = (...programs: string[]): boolean =>
  programs.every((program) => spawnSync(program, ['--version']).status === 0);

/** Starts a process and resolves when `ready` does; rejects with its last words when it ends before that, or after a minute. */
export async function startChild(
  house: House,
  name: string,
  options: ChildOptions,
  ready: (child: ChildProcess) => Promise<boolean>,
): Promise<Child> {
  const child = spawn(options.file, options.args, {
    cwd: house.dir,
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc ? ['ipc' as const] : [])],
    // A group of its own: Ctrl-C in the terminal reaches the benchmark alone, which then stops it in order.
    detached: true,
  });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4_000)));
  }
  let failed: Error | undefined;
  child.on('error', (error) => (failed = error));
  const ended = () => failed !== undefined || child.exitCode !== null || child.signalCode !== null;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM', waitMs = graceMs) => {
    if (ended()) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), waitMs);
    child.kill(signal);
    await gone;
    clearTimeout(timer);
  };
  house.onClose(() => stop());
  for (const deadline = Date.now() + 60_000; !(await ready(child)); await pause(25)) {
    house.signal.throwIfAborted();
    if (ended() || Date.now() > deadline) throw new Error(`${name} does not start: ${failed?.message ?? ''}\n${words}`);
  }
  return { pid: child.pid!, process: child, stop };
}

/** Whether a URL answers with 2xx. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
