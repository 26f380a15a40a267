import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDb } from '@nightshift/db';
import { refusedForMemory } from '@nightshift/lifecycle';
import { connectQueue } from '@nightshift/queue';
import { errorMessage } from '@nightshift/types';
import { findRunning, holdDataFolder, type Running } from '../data-folder.ts';
import { dataFolder } from '../folders.ts';
import { openGround } from '../ground.ts';
import { fixedPorts, portsInUse } from '../ports.ts';
import { oneOfEach, portNames } from '../system.ts';
import { examineCatalogue } from './doctor-targets.ts';

export type DoctorOptions = { portBase: number; targets: boolean; json: boolean };

/** What was looked at, and what came of it; `todo`: what to do where it is not ok. */
type Line = { about: string; ok: boolean; found: string; todo: string | null };

const lookBackMs = 3_600_000;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** Looks at everything that Nightshift needs, one line each, and changes nothing. Returns 1 when something is missing. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const lines = options.targets ? [] : await machine(options.portBase);
  if (options.targets || process.env.NIGHTSHIFT_CONFIG_DIR) lines.push(...(await examineCatalogue()));
  else
    lines.push({
      about: 'catalogue',
      ok: true,
      found: 'that of the demo shop; set NIGHTSHIFT_CONFIG_DIR to examine your own',
      todo: null,
    });
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: lines.every(({ ok }) => ok), lines })}\n`);
  else for (const line of lines) process.stdout.write(`${inWords(line)}\n`);
  return lines.every(({ ok }) => ok) ? 0 : 1;
}

const inWords = ({ about, ok, found, todo }: Line) =>
  `${ok ? 'ok  ' : 'FAIL'}  ${about.padEnd(12)} ${found}${todo === null ? '' : ` -> ${todo}`}`;

async function machine(portBase: number): Promise<Line[]> {
  const running = runningHere();
  const looks: [string, () => string | Promise<string>][] = [
    ['Node', node],
    ['data folder', () => folder(running)],
    ['ports', () => ports(running, portBase)],
    ['Postgres', () => postgres(running)],
    ['queue', () => queue(running)],
    ['series', () => series(running)],
  ];
  const lines: Line[] = [];
  // In turn: the last ones start servers, and the first ones look for room for them.
  for (const [about, look] of looks) {
    try {
      lines.push({ about, ok: true, found: await look(), todo: null });
    } catch (error) {
      lines.push({ about, ok: false, found: errorMessage(error), todo: null });
    }
  }
  return lines;
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

/** Whether detectors have room for all that arrives. */
async function series(running: Running | null): Promise<string> {
  const url = running?.databaseUrl ?? process.env.DATABASE_URL;
  if (!url) return 'none yet';
  const db = openDb({ url, name: 'nightshift doctor', max: 1 });
  try {
    const [tables] = await db.query<{ there: boolean }>(`SELECT to_regclass('why_not') IS NOT NULL AS there`);
    if (!tables!.there) return 'none yet: the database is empty';
    const refused = await refusedForMemory(db, lookBackMs);
    if (!refused) return 'detectors had room for all of the last hour';
    throw new Error(`of ${refused.metrics} metrics samples were refused in the last hour: ${refused.detail}`);
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
