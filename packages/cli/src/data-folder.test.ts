import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRunning, holdDataFolder, type Running } from './data-folder.ts';
import { markOf, startOf } from './processes.ts';

let dir: string;
const children: ChildProcess[] = [];
/** A process that does nothing; `stubborn`: not even end when it is asked to. */
const idle = async (stubborn = false) => {
  const child = spawn(
    process.execPath,
    ['-e', `${stubborn ? `process.on('SIGTERM', () => {});` : ''} setInterval(() => {}, 1e6); console.log('up')`],
    { stdio: ['ignore', 'pipe', 'ignore'], detached: true },
  );
  children.push(child);
  await new Promise((up) => child.stdout!.once('data', up));
  return child;
};
const record = () => JSON.parse(readFileSync(join(dir, 'running.json'), 'utf8')) as Record<string, unknown>;
const running: Running = {
  databaseUrl: 'postgres://x',
  queueUrl: 'postgres://x',
  console: 'http://c',
  ingest: 'http://i',
  shopControl: 'http://s',
  shopControlToken: 't',
};

beforeEach(() => (dir = join(mkdtempSync(join(tmpdir(), 'nightshift-folder-')), 'data')));
afterEach(() => {
  children.splice(0).forEach((child) => child.kill('SIGKILL'));
  rmSync(join(dir, '..'), { recursive: true, force: true });
});

describe('a data folder', () => {
  it('tells other commands what runs on it, and only its owner can read that', async () => {
    const folder = await holdDataFolder(dir);
    expect(() => findRunning(dir)).toThrow(/just starting/);
    folder.publish(running);
    expect(findRunning(dir)).toEqual(running);
    expect(statSync(join(dir, 'running.json')).mode & 0o777).toBe(0o600);
    folder.release();
    expect(() => findRunning(dir)).toThrow(expect.objectContaining({ code: 'NOT_RUNNING' }));
  });

  it('is held by one process at a time', async () => {
    await holdDataFolder(dir);
    await expect(holdDataFolder(dir)).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: expect.stringContaining(String(process.pid)) as string,
    });
  });

  it('of a killed run is taken over, and what that left behind is stopped, the stubborn too', async () => {
    const [meek, stubborn] = [await idle(), await idle(true)];
    const folder = await holdDataFolder(dir);
    folder.started('meek', meek.pid!);
    folder.started('stubborn', stubborn.pid!);
    const dead = { name: 'nightshift', pid: process.pid, startedAt: 'long ago' }; // our id, but another process
    writeFileSync(join(dir, 'running.json'), JSON.stringify({ ...record(), self: dead }));
    const next = await holdDataFolder(dir);
    expect(next.orphans.map((mark) => mark.name).toSorted()).toEqual(['meek', 'stubborn']);
    expect([startOf(meek.pid!), startOf(stubborn.pid!)]).toEqual([null, null]);
  });

  it('does not touch a stranger that has the process id of an orphan', async () => {
    const stranger = await idle();
    const mark = { ...markOf('detector-0', stranger.pid!), startedAt: 'long ago' };
    const dead = { name: 'nightshift', pid: 2 ** 22, startedAt: 'long ago' };
    (await holdDataFolder(dir)).release();
    writeFileSync(join(dir, 'running.json'), JSON.stringify({ self: dead, children: [mark], running: null }));
    expect((await holdDataFolder(dir)).orphans).toEqual([]);
    expect(startOf(stranger.pid!)).not.toBeNull();
  });

  it('that is half written, or no folder, is no riddle', async () => {
    const folder = await holdDataFolder(dir);
    folder.release();
    writeFileSync(join(dir, 'running.json'), '{"self":');
    await holdDataFolder(dir);
    await expect(holdDataFolder(join(dir, 'running.json'))).rejects.toMatchObject({ code: 'DATABASE_DATA_BROKEN' });
  });
});
