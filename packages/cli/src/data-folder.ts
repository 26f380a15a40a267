import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, NightshiftError } from '@nightshift/types';
import { isAlive, markOf, stopOrphans, type ProcessMark } from './processes.ts';

/** What a running system tells other commands on the same machine. */
export type Running = {
  databaseUrl: string;
  queueUrl: string;
  console: string;
  ingest: string;
  shopControl: string;
  shopControlToken: string;
};

type Record = { self: ProcessMark; children: ProcessMark[]; running: Running | null };

/** A data folder held by this process, so that no second one works on it. */
export type DataFolder = {
  dir: string;
  /** Processes that a killed run had left behind, and that were stopped. */
  orphans: ProcessMark[];
  /** Notes a process that must be stopped if this one is killed. */
  started(name: string, pid: number): void;
  publish(running: Running): void;
  release(): void;
};

const fileName = 'running.json';

/**
 * Takes hold of a data folder, made if missing. Stops what a killed run left behind. Throws ALREADY_RUNNING while another process
 * holds it, DATABASE_DATA_BROKEN where it cannot be used.
 */
export async function holdDataFolder(dir: string): Promise<DataFolder> {
  makeFolder(dir);
  const file = join(dir, fileName);
  const before = read(file);
  if (before && isAlive(before.self)) {
    throw new NightshiftError('ALREADY_RUNNING', `Nightshift runs already on ${dir} (process ${before.self.pid})`);
  }
  const record: Record = { self: markOf('nightshift', process.pid), children: before?.children ?? [], running: null };
  write(file, record); // held from here on; killed before the next line, the next run still knows the orphans
  const orphans = await stopOrphans(record.children);
  record.children = [];
  write(file, record);
  return {
    dir,
    orphans,
    started(name, pid) {
      record.children = [...record.children.filter(isAlive), markOf(name, pid)];
      write(file, record);
    },
    publish(running) {
      record.running = running;
      write(file, record);
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** The system that runs on a data folder. Throws NOT_RUNNING where there is none. */
export function findRunning(dir: string): Running {
  const record = read(join(dir, fileName));
  if (!record || !isAlive(record.self)) throw new NightshiftError('NOT_RUNNING', `Nightshift does not run on ${dir}`);
  if (!record.running)
    throw new NightshiftError(
      'NOT_RUNNING',
      `Nightshift is just starting on ${dir}: wait until it prints its addresses`,
    );
  return record.running;
}

function makeFolder(dir: string) {
  try {
    mkdirSync(dir, { recursive: true });
    // Everybody may pass through it (Postgres runs as another user when we are root), but not look around.
    chmodSync(dir, 0o711);
    if (!statSync(dir).isDirectory()) throw new Error('it is no folder');
    writeFileSync(join(dir, '.writable'), '');
    rmSync(join(dir, '.writable'));
  } catch (cause) {
    throw new NightshiftError('DATABASE_DATA_BROKEN', `the data folder ${dir} cannot be used: ${errorMessage(cause)}`, {
      cause,
    });
  }
}

function read(file: string): Record | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record;
  } catch {
    return null; // none, or half of one: nothing to be learned from it
  }
}

/** Replaced as a whole, and for its owner alone: it holds addresses with passwords. */
function write(file: string, record: Record) {
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
