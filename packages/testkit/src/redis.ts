import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

export type TestRedis = {
  url: string;
  port: number;
  /** As kill -9 would. Without AOF everything in it is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
};

/** Whether this machine has a `redis-server`. Tests that need one say that they were not run otherwise. */
export function redisAvailable(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/**
 * Starts a real Redis with the eviction policy that job queues need and nothing on disk, or with its log of commands (AOF) in `aofDir`. `port` brings
 * one back where another was killed.
 */
export async function startRedis(options: { port?: number; aofDir?: string } = {}): Promise<TestRedis> {
  const ownDir = options.aofDir ? null : await mkdtemp(join(tmpdir(), 'nightshift-test-redis-'));
  const dir = options.aofDir ?? ownDir!;
  const port = options.port ?? (await freePort());
  const appendonly = options.aofDir ? 'yes' : 'no';
  const settings = { port, bind: '127.0.0.1', 'maxmemory-policy': 'noeviction', save: '', appendonly, dir };
  const server = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
  );
  const endWithUs = () => void server.kill('SIGKILL');
  process.once('exit', endWithUs);
  await listening(server);
  const kill = async () => {
    process.removeListener('exit', endWithUs);
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    async close() {
      await kill();
      if (ownDir) await rm(ownDir, { recursive: true, force: true });
    },
  };
}

function listening(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let words = '';
    const timer = setTimeout(() => reject(new Error(`redis-server is not ready after 10 s: ${words}`)), 10_000);
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      outcome();
    };
    server.stdout?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4_000);
      if (words.includes('Ready to accept connections')) settle(resolve);
    });
    server.once('error', (error) => settle(() => reject(error)));
    server.once('exit', (code) => settle(() => reject(new Error(`redis-server ended with ${code}: ${words}`))));
  });
}
