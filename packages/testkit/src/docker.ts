import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';

const run = promisify(execFile);
const busybox = '/bin/busybox';

export type TestDocker = {
  /** unix:///path of the engine's socket. */
  url: string;
  /** Runs `docker` against this engine and returns what it printed. */
  docker(...args: string[]): Promise<string>;
  /** Makes an image of busybox-static that runs `command`; returns its id (sha256:…). */
  image(tag: string, command: string[]): Promise<string>;
  close(): Promise<void>;
};

/** Why no Docker engine can be started here, or null. */
export function noDocker(): string | null {
  const version = (program: string) => spawnSync(program, ['--version']).status === 0;
  if (process.getuid?.() !== 0) return 'a Docker engine of its own needs root';
  if (!version('dockerd') || !version('docker')) return 'there is no dockerd on this machine (Debian: docker.io)';
  return spawnSync(busybox, ['ldd', busybox]).error ? 'there is no /bin/busybox (Debian: busybox-static)' : null;
}

/**
 * A Docker engine of its own, in a folder of its own: no network, no images but those made here. Null, with the reason on stderr,
 * where this machine lets none run.
 */
export async function startDocker(): Promise<TestDocker | null> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-test-docker-'));
  const url = `unix://${join(folder, 'docker.sock')}`;
  const place = (option: string, name: string) => [`--${option}`, join(folder, name)];
  const options = ['--storage-driver=vfs', '--iptables=false', '--bridge=none', '--host', url];
  options.push(...place('data-root', 'data'), ...place('exec-root', 'exec'), ...place('pidfile', 'pid'));
  const server = spawn('dockerd', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const endWithUs = () => void server.kill('SIGTERM');
  process.once('exit', endWithUs);
  const docker = async (...args: string[]) =>
    (await run('docker', ['--host', url, ...args], { timeout: 30_000 })).stdout.trim();
  const close = async () => {
    process.removeListener('exit', endWithUs);
    const containers = await docker('ps', '--all', '--quiet').catch(() => '');
    if (containers !== '') await docker('rm', '--force', ...containers.split('\n')).catch(() => {});
    await end(server);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const words = listen(server);
  try {
    await eventually(() => (server.exitCode === null ? docker('version') : Promise.reject(new Error('it ended'))));
  } catch {
    await close();
    console.error(`no Docker engine runs here: ${words()}`);
    return null;
  }
  return { url, docker, image: (tag, command) => makeImage(docker, folder, tag, command), close };
}

async function makeImage(docker: TestDocker['docker'], folder: string, tag: string, command: string[]) {
  const root = join(folder, 'root');
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile(busybox, join(root, 'bin', 'busybox'));
  for (const name of ['sh', 'sleep']) await symlink('busybox', join(root, 'bin', name)).catch(() => {});
  const archive = join(folder, 'root.tar');
  await run('tar', ['-C', root, '-cf', archive, '.']);
  return docker('import', '--change', `CMD ${JSON.stringify(command)}`, '--message', tag, archive, tag);
}

function listen(server: ChildProcess): () => string {
  let words = '';
  server.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-600)));
  return () => words;
}

async function end(server: ChildProcess) {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGTERM');
  await once(server, 'exit');
}
