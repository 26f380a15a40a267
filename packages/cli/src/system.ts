import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, openDb } from '@nightshift/db';
import { connectQueue, migrateQueue } from '@nightshift/queue';
import { errorMessage, NightshiftError, type ServiceName } from '@nightshift/types';
import { startChild, type Child } from './child.ts';
import { root } from './folders.ts';
import type { Log } from './log.ts';
import { freePorts, host, type Ports } from './ports.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { connectShop, type Shop } from './shop.ts';

export type Replicas = Record<ServiceName, number>;

/** One of each; the order is the order of starting: who is called comes before who calls. */
export const oneOfEach: Replicas = {
  console: 1,
  ingest: 1,
  detector: 1,
  diagnostics: 1,
  'runbook-executor': 1,
  escalation: 1,
  postmortem: 1,
};

export type SystemOptions = {
  databaseUrl: string;
  /** Default: the database. */
  queueUrl?: string;
  /** The shop's own database: a target to look at. */
  shopDatabaseUrl: string;
  /** Secrets, logs and the state of the shop are kept here. */
  dataDir: string;
  log: Log;
  replicas?: Partial<Replicas>;
  /** Of `portNames`; default: free ones. */
  ports?: Ports;
  configDir?: string;
  runbooksDir?: string;
  /** How much history the shop sends at its start; 0: none. */
  historySeconds?: number;
  /** For every process, over everything else. */
  env?: Record<string, string>;
  /** Told of every process that is started. */
  onStart?: (name: string, pid: number) => void;
  readyTimeoutMs?: number;
  /** Aborts the start: what is up already is stopped. */
  signal?: AbortSignal;
};

export type System = {
  urls: { console: string; ingest: string; shop: string; shopControl: string };
  queueUrl: string;
  secrets: Secrets;
  shop: Shop;
  services: {
    /** `detector-0`, `detector-1`, …, and `shop`. */
    names(): string[];
    pid(name: string): number | null;
    restarts(name: string): number;
    /** Sends a signal to one process; it is started again when that ends it. SIGSTOP and SIGCONT only pause it. */
    kill(service: ServiceName | 'shop', index?: number, signal?: NodeJS.Signals): Promise<void>;
  };
  /** Stops everything, the last started first. */
  stop(): Promise<void>;
};

const stopMs = 10_000;

/** Everything that wants a port, in the order in which ports are handed out. */
export function portNames(replicas: Replicas): string[] {
  const all = Object.entries(replicas).flatMap(([service, count]) =>
    Array.from({ length: count }, (_, i) => `${service}-${i}`),
  );
  const first = ['console-0', 'ingest-0'];
  return [...first, 'shop', 'shop-control', 'postgres', ...all.filter((name) => !first.includes(name))];
}

/**
 * Starts the whole of Nightshift and the demo shop, each service as a process of its own that is started again when it dies, and
 * resolves when all of them answer. Migrates both databases first. When anything does not start, everything is stopped again.
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const replicas = { ...oneOfEach, ...options.replicas };
  assertBuilt();
  mkdirSync(options.dataDir, { recursive: true });
  await migrate(options.databaseUrl).catch((cause: unknown) => {
    throw new NightshiftError(
      'DATABASE_UNAVAILABLE',
      `the database at ${new URL(options.databaseUrl).host} cannot be migrated: ${errorMessage(cause)}`,
      { cause },
    );
  });
  await migrateQueue(options.queueUrl ?? options.databaseUrl);
  await assertQueue(options.queueUrl ?? options.databaseUrl);
  const secrets = await secretsOf(options);
  const ports = options.ports ?? (await freePorts(portNames(replicas)));
  const url = (name: string) => `http://${host}:${ports[name]}`;
  const urls = {
    console: url('console-0'),
    ingest: url('ingest-0'),
    shop: url('shop'),
    shopControl: url('shop-control'),
  };
  const env = environment(options, secrets, urls);

  const children = new Map<string, Child>();
  const start = (name: string, script: string, port: number, more: Record<string, string>) => {
    const child = startChild({
      name,
      script,
      port,
      env: { ...env, ...more, ...options.env },
      log: options.log,
      onStart: options.onStart ?? (() => {}),
    });
    children.set(name, child);
    return child;
  };
  const stop = async () => {
    options.log.quiet();
    const all = [...children.values()].reverse();
    const [shop, rest] = [all.filter((child) => child.name === 'shop'), all.filter((child) => child.name !== 'shop')];
    await Promise.all(shop.map((child) => child.stop(stopMs))); // first what sends, then what receives
    await Promise.all(rest.map((child) => child.stop(stopMs)));
  };
  const readyTimeoutMs = options.readyTimeoutMs ?? 90_000;
  try {
    const services = (Object.keys(replicas) as ServiceName[]).flatMap((service) =>
      Array.from({ length: replicas[service] }, (_, i) => {
        const name = `${service}-${i}`;
        return start(name, serviceScript(service), ports[name]!, { PORT: String(ports[name]) });
      }),
    );
    await Promise.all(services.map((child) => child.ready(readyTimeoutMs, options.signal)));
    // The shop after the others: it sends history first, and somebody should be there to take it.
    const shopPorts = { SHOP_PORT: String(ports.shop), SHOP_CONTROL_PORT: String(ports['shop-control']) };
    await start('shop', shopScript, ports['shop-control']!, shopPorts).ready(readyTimeoutMs, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }

  const childOf = (name: string) => {
    const child = children.get(name);
    if (!child) throw new NightshiftError('NOT_FOUND', `there is no process ${name}`);
    return child;
  };
  return {
    urls,
    queueUrl: options.queueUrl ?? options.databaseUrl,
    secrets,
    shop: connectShop(urls.shopControl, secrets.shopControl),
    services: {
      names: () => [...children.keys()],
      pid: (name) => childOf(name).pid(),
      restarts: (name) => childOf(name).restarts(),
      kill: (service, index = 0, signal = 'SIGKILL') =>
        childOf(service === 'shop' ? 'shop' : `${service}-${index}`).kill(signal),
    },
    stop,
  };
}

const serviceScript = (service: ServiceName) => join(root, 'services', service, 'dist/main.js');
const shopScript = join(root, 'infra/shop/dist/main.js');

function assertBuilt() {
  const missing = [...(Object.keys(oneOfEach) as ServiceName[]).map(serviceScript), shopScript].filter(
    (file) => !existsSync(file),
  );
  if (missing.length > 0)
    throw new NightshiftError(
      'CONFIG_INVALID',
      `not built: ${missing[0]} is missing. Run \`npm start\`, which builds first`,
    );
}

/** Every service would wait for a queue that is not there: say so at once. */
async function assertQueue(url: string) {
  const queue = connectQueue({ url, name: 'cli', log: { info: () => {}, warn: () => {}, error: () => {} } });
  try {
    if (!(await queue.isReady()))
      throw new NightshiftError('QUEUE_UNAVAILABLE', `the queue at ${new URL(url).host} does not answer`);
  } finally {
    await queue.close(2_000);
  }
}

async function secretsOf(options: SystemOptions): Promise<Secrets> {
  const db = openDb({ url: options.databaseUrl, name: 'nightshift cli', max: 1 });
  try {
    return await openSecrets(options.dataDir, db);
  } catch (error) {
    throw error instanceof NightshiftError
      ? error
      : new NightshiftError('DATABASE_UNAVAILABLE', errorMessage(error), { cause: error });
  } finally {
    await db.close();
  }
}

/** What every process is told: where things are, and the secrets that the catalogue names. */
function environment(options: SystemOptions, secrets: Secrets, urls: System['urls']): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(inherited),
    DATABASE_URL: options.databaseUrl,
    QUEUE_URL: options.queueUrl ?? options.databaseUrl,
    HOST: host,
    NIGHTSHIFT_CONFIG_DIR: options.configDir ?? join(root, 'infra/shop/config'),
    RUNBOOKS_DIR: options.runbooksDir ?? join(root, 'infra/runbooks'),
    NIGHTSHIFT_SECRET: secrets.signing,
    CONSOLE_TOKEN: secrets.console,
    CONSOLE_URL: urls.console,
    INGEST_URL: urls.ingest,
    SHOP_URL: urls.shop,
    SHOP_CONTROL_URL: urls.shopControl,
    SHOP_CONTROL_TOKEN: secrets.shopControl,
    SHOP_DATABASE_URL: options.shopDatabaseUrl,
    SHOP_INGEST_URL: urls.ingest,
    SHOP_INGEST_TOKEN: secrets.ingest,
    SHOP_STATE_DIR: join(options.dataDir, 'shop'),
    SHOP_RECEIPTS_DIR: join(options.dataDir, 'shop/receipts'),
    SHOP_HISTORY_SECONDS: String(options.historySeconds ?? 600),
  };
}
