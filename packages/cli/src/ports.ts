import { createServer, type Server } from 'node:net';
import { NightshiftError } from '@nightshift/types';

export const host = '127.0.0.1';
export const defaultPortBase = 4_600;

/** A port for everything that listens, by name; `console` and `ingest` first, so that they get the memorable ones. */
export type Ports = Record<string, number>;

/** One after the other from `base` on: 4600 the console, 4601 ingest, … Throws CONFIG_INVALID when they do not fit. */
export function fixedPorts(names: string[], base: number): Ports {
  if (!Number.isInteger(base) || base < 1_024 || base + names.length > 65_536) {
    throw new NightshiftError(
      'CONFIG_INVALID',
      `--port-base must be a whole number from 1024 to ${65_536 - names.length}`,
    );
  }
  return Object.fromEntries(names.map((name, i) => [name, base + i]));
}

/** Ports that were all free at the same moment. */
export async function freePorts(names: string[]): Promise<Ports> {
  const servers = await Promise.all(names.map(() => listen(0)));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map(close));
  return Object.fromEntries(names.map((name, i) => [name, ports[i]!]));
}

/** The ports that somebody else listens on. */
export async function portsInUse(ports: Ports): Promise<Ports> {
  const used: Ports = {};
  for (const [name, port] of Object.entries(ports)) {
    const server = await listen(port).catch(() => null);
    if (server) await close(server);
    else used[name] = port;
  }
  return used;
}

/** Throws PORT_IN_USE naming every port that is taken, and for what it was wanted. */
export async function assertPortsFree(ports: Ports): Promise<void> {
  const used = Object.entries(await portsInUse(ports));
  if (used.length === 0) return;
  const list = used.map(([name, port]) => `${port} (${name})`).join(', ');
  const [verb, them] = used.length === 1 ? ['is', 'it'] : ['are', 'them'];
  throw new NightshiftError(
    'PORT_IN_USE',
    `port ${list} on ${host} ${verb} in use. Stop what holds ${them}, or choose others: --port-base 5600`,
  );
}

function listen(port: number): Promise<Server> {
  return new Promise((listening, failed) => {
    const server = createServer().on('error', failed);
    server.listen(port, host, () => listening(server));
  });
}

const close = (server: Server) => new Promise((closed) => server.close(closed));
