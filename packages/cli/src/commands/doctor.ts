import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDb } from '@nightshift/db';
import { connectQueue } from '@nightshift/queue';
import { errorMessage } from '@nightshift/types';
import { findRunning, holdDataFolder, type Running } from '../data-folder.ts';
import { dataFolder } from '../folders.ts';
import { openGround } from '../ground.ts';
import { fixedPorts, portsInUse } from '../ports.ts';
import { oneOfEach, portNames } from '../system.ts';

type Check = { name: string; look: () => Promise<string> };

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** Looks at everything that Nightshift needs on this machine, one line each. Returns 1 when something is missing. */
export async function doctor(options: { portBase: number }): Promise<number> {
  const running = runningHere();
  const checks: Check[] = [
    { name: 'Node', look: async () => node() },
    { name: 'data folder', look: () => folder(running) },
    { name: 'ports', look: () => ports(running, options.portBase) },
    { name: 'Postgres', look: () => postgres(running) },
    { name: 'queue', look: () => queue(running) },
  ];
  let failed = 0;
  for (const { name, look } of checks) {
    const [mark, words] = await look().then(
      (good) => ['ok  ', good],
      (error: unknown) => ['FAIL', errorMessage(error)],
    );
    if (mark === 'FAIL') failed++;
    process.stdout.write(`${mark}  ${name.padEnd(12)} ${words}\n`);
  }
  return failed > 0 ? 1 : 0;
}

function runningHere(): Running | null {
  try {
    return findRunning(dataFolder(process.env));
  } catch {
    return null;
  }
}

function node(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Error(`${process.versions.node} is too old: install Node 20.19 or newer`);
  return process.versions.node;
}

async function folder(running: Running | null): Promise<string> {
  const dir = dataFolder(process.env);
  if (running) return `${dir}, in use by the Nightshift that runs`;
  (await holdDataFolder(dir)).release();
  return `${dir} can be written`;
}

async function ports(running: Running | null, base: number): Promise<string> {
  const wanted = fixedPorts(portNames(oneOfEach), base);
  const numbers = Object.values(wanted);
  const range = `${Math.min(...numbers)} to ${Math.max(...numbers)}`;
  if (running) return `Nightshift runs: console ${running.console}, ingest ${running.ingest}`;
  const used = Object.entries(await portsInUse(wanted));
  if (used.length > 0)
    throw new Error(
      `in use: ${used.map(([name, port]) => `${port} (${name})`).join(', ')}. Stop what holds them, or use --port-base`,
    );
  return `${range} are free`;
}

async function postgres(running: Running | null): Promise<string> {
  const url = running?.databaseUrl ?? process.env.DATABASE_URL;
  if (url) return version(url);
  const dir = await mkdtemp(join(tmpdir(), 'nightshift-doctor-'));
  await chmod(dir, 0o711); // as root, the server runs as another user
  try {
    const ground = await openGround({ dataDir: dir, env: {}, durable: false });
    try {
      return `the embedded one starts: ${await version(ground.databaseUrl)}`;
    } finally {
      await ground.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function version(url: string): Promise<string> {
  const db = openDb({ url, name: 'nightshift doctor', max: 1 });
  try {
    const [row] = await db.query<{ version: string }>('SELECT version()');
    return row!.version.split(' ').slice(0, 2).join(' ');
  } finally {
    await db.close();
  }
}

async function queue(running: Running | null): Promise<string> {
  const url = running?.queueUrl ?? process.env.QUEUE_URL ?? process.env.DATABASE_URL;
  if (!url) return 'the database serves as the queue';
  const connected = connectQueue({ url, name: 'doctor', log: silent });
  try {
    const kind = url.startsWith('redis') ? 'Redis' : 'Postgres';
    if (!(await connected.isReady()))
      throw new Error(`${kind} of QUEUE_URL does not answer, or its tables are not migrated (nightshift migrate)`);
    return `${kind} answers`;
  } finally {
    await connected.close(2_000);
  }
}
