/** Stand-ins for tests: the surroundings of a check, and a server that takes connections and says nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '@nightshift/db';
import type { Machines } from '@nightshift/ssh';
import type { Incident } from '@nightshift/types';
import type { CheckContext, Subject } from './check.ts';
import type { Databases } from './databases.ts';

export const incident: Incident = {
  id: 'inc-1',
  fingerprint: 'service:shop-api',
  service: 'shop-api',
  title: 'shop-api: too many errors',
  type: 'high_error_rate',
  severity: 'critical',
  state: 'diagnosing',
  version: 1,
  generation: 1,
  decisions: 0,
  reopens: 0,
  onsetAt: 0,
  openedAt: 0,
  actedAt: null,
  resolvedAt: null,
  deadlineAt: 60_000,
  resolution: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  runbook: null,
};

/** What a check is given; whatever the test does not say is there but cannot be used. */
export function context<T extends Subject>(given: Partial<CheckContext<T>> & { subject: T }): CheckContext<T> {
  const unused = (name: string) =>
    new Proxy({}, { get: () => () => Promise.reject(new Error(`this test gave no ${name}`)) }) as unknown;
  return {
    incident,
    at: 0,
    db: unused('db') as Db,
    databases: unused('databases') as Databases,
    machines: unused('machines') as Machines,
    env: {},
    commands: new Set(),
    commandsThere: new Set(),
    suspectWindowMs: 30 * 60_000,
    signal: new AbortController().signal,
    ...given,
  };
}

export type SilentServer = {
  port: number;
  /** Connections that are open now. */
  open(): number;
  /** Resolves when the first connection has come in and said something: its other end knows that it is connected. */
  connected(): Promise<void>;
  close(): Promise<void>;
};

/** A black hole: accepts, reads, never answers. */
export async function silentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  let arrived = () => {};
  const first = new Promise<void>((resolve) => (arrived = resolve));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', arrived);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    connected: () => first,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * A port from which nothing ever comes back, not even a refusal: its queue of connections is full and its process stands still, so
 * the kernel drops whatever else knocks.
 */
export async function blackHoledPort(): Promise<{ port: number; close(): Promise<void> }> {
  const program = `const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const knocks: Socket[] = [];
  let dropped = false;
  while (!dropped) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    knocks.push(socket);
    dropped = !(await Promise.race([once(socket, 'connect').then(() => true), delay(100, false)]));
  }
  return {
    port,
    async close() {
      for (const socket of knocks) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
