import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded.ts';
import { openDb } from './pool.ts';

let dir: string;
const running: EmbeddedPostgres[] = [];
const start = async (port?: number) => {
  const postgres = await startEmbeddedPostgres({ dir, port, durable: false, maxConnections: 20 });
  running.push(postgres);
  return postgres;
};
const ask = async (url: string, sql: string) => {
  const db = openDb({ url, name: 'embedded test', max: 1 });
  try {
    return await db.query(sql);
  } finally {
    await db.close();
  }
};

beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'nightshift-embedded-'))));
afterEach(async () => {
  for (const postgres of running.splice(0)) await postgres.kill();
  await rm(dir, { recursive: true, force: true });
});

describe('the embedded Postgres', () => {
  it('keeps its data from one start to the next, also when the one before was never stopped', async () => {
    const first = await start();
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    const second = await start(); // the first still runs, as after kill -9 of whoever started it
    expect(await ask(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.kill();
    const third = await start();
    expect(await ask(third.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('leaves a stranger alone that got the process id of a server killed long ago', async () => {
    const first = await start();
    const file = join(first.dir, 'data', 'postmaster.pid');
    const [, ...rest] = (await readFile(file, 'utf8')).split('\n');
    await first.stop();
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      await writeFile(file, [stranger.pid, ...rest].join('\n'));
      const second = await start();
      expect(await ask(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(stranger.signalCode).toBeNull();
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('says which port is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => holder.on('listening', listening));
    const { port } = holder.address() as { port: number };
    await expect(start(port)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    holder.close();
  });

  it('says that a data folder is broken, with the last words of the server', async () => {
    const first = await start();
    await first.stop();
    await writeFile(join(first.dir, 'data', 'postgresql.conf'), 'this is no setting');
    await expect(start()).rejects.toMatchObject({
      code: 'DATABASE_DATA_BROKEN',
      message: expect.stringMatching(/postgresql\.conf|syntax error/),
    });
  });

  it('lets nobody in without the password', async () => {
    const { url } = await start();
    await expect(ask(url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
  });
});
