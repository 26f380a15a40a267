import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { eventually, noSshd, startSshd, type TestSshd } from '@nightshift/testkit';
import { SshAccess } from '@nightshift/types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openMachines, type Machines } from './machines.ts';

const missing = noSshd();
let sshd: TestSshd;
let machines: Machines = openMachines();
beforeAll(async () => {
  if (missing === null) sshd = await startSshd();
});
afterEach(() => {
  machines.close();
  machines = openMachines();
});
afterAll(() => sshd?.close());

const access = (given: Partial<SshAccess> = {}) =>
  SshAccess.parse({
    host: '127.0.0.1',
    port: sshd.port,
    user: sshd.user,
    keyFile: sshd.keyFile,
    ...(given.knownHostsFile ? {} : { hostKey: sshd.hostKey }),
    ...given,
  });
const run = (argv: string[], given: Partial<SshAccess> = {}, signal = AbortSignal.timeout(20_000), limitMs = 20_000) =>
  machines.run(access(given), argv, { env: {}, signal, limitMs });

/** Connections to the port that are established, as the kernel of this machine counts them. */
async function connectionsTo(port: number): Promise<number> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return lines.filter(([, , remote, state]) => remote?.endsWith(end) && state === '01').length;
}

describe.skipIf(missing !== null)(`programs on another machine${missing ? `: ${missing}` : ''}`, () => {
  it('get their arguments as they are, whatever stands in them', async () => {
    const words = ['a b', `it's "quoted"`, '$(reboot) `id` $HOME', '*', ';|&<>', '\\', 'ä\t!', ''];
    const { exitCode, stdout } = await run(['printf', '%s\\n', ...words]);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').slice(0, -1)).toEqual(words);
    await expect(run(['echo', 'a\nreboot'])).rejects.toThrow('line break');
    for (const program of ['echo; reboot', '--help', ''])
      await expect(run([program])).rejects.toThrow('does not name one program');
  });

  it('tell how they ended and what they said, and learn nothing of our environment', async () => {
    process.env['CANARY_SECRET'] = 'canary';
    expect((await run(['env'])).stdout).not.toContain('canary');
    delete process.env['CANARY_SECRET'];
    expect(await run(['ls', '/no/such'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('/no/such') as string,
    });
    expect(await run(['yes'])).toMatchObject({ exitCode: null, truncated: true });
  });

  it('share one connection to their machine, however many they are', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => run(['echo', String(i)])));
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 20 }, (_, i) => i));
    // One of the test before may still be on its way out.
    await eventually(async () => expect(await connectionsTo(sshd.port)).toBe(1));
    machines.close();
    await eventually(async () => expect(await connectionsTo(sshd.port)).toBe(0));
  });

  it('are killed at the deadline, while what else runs there goes on (defect 20)', async () => {
    const other = run(['sleep', '0.6']);
    const marker = `31${process.pid}`;
    const started = performance.now();
    await expect(run(['sleep', marker], {}, AbortSignal.timeout(300), 1_000)).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(900);
    expect((await other).exitCode).toBe(0);
    await eventually(async () => expect((await run(['pgrep', '-f', `^sleep ${marker}`])).exitCode).toBe(1));
  });

  it('come again after the server has cut the connection', async () => {
    // The parent of what limits its time is the session of sshd.
    const first = await run(['sh', '-c', 'ps -o ppid= -p $PPID']);
    process.kill(Number(first.stdout));
    await eventually(async () => expect((await run(['true'])).exitCode).toBe(0));
  });
});

describe.skipIf(missing !== null)('a machine is only connected to', () => {
  it('when it shows the pinned host key: a changed one is told, and no key of ours is shown to it', async () => {
    const other = await startSshd();
    const moved = { port: other.port };
    await expect(run(['true'], moved)).rejects.toThrow(
      `shows another host key (ssh-ed25519 ${other.hostKey}) than the pinned ${sshd.hostKey}: it was set up anew, or somebody is in between; not connected`,
    );
    expect((await run(['true'], { ...moved, keyFile: other.keyFile, hostKey: other.hostKey })).exitCode).toBe(0);
    await other.close();
  });

  it('or one that known_hosts has for it and has not revoked', async () => {
    const knownHostsFile = join(sshd.bin, 'known_hosts');
    const other = await startSshd();
    const look = async (text: string) => {
      await writeFile(knownHostsFile, text);
      machines.close();
      return run(['true'], { knownHostsFile });
    };
    expect((await look(`${sshd.knownHostsLine}\n`)).exitCode).toBe(0);
    const [name, , key] = sshd.knownHostsLine.split(' ');
    const foreign = other.knownHostsLine.split(' ')[2];
    await expect(look(`${name} ssh-ed25519 ${foreign}\n`)).rejects.toThrow(`than those in ${knownHostsFile}`);
    await expect(look(`${sshd.knownHostsLine}\n@revoked * ssh-ed25519 ${key}\n`)).rejects.toThrow(
      'revokes; not connected',
    );
    await expect(look(`elsewhere ssh-ed25519 ${key}\n`)).rejects.toThrow('has no host key of 127.0.0.1');
    await expect(run(['true'], { knownHostsFile: '/no/such/file' })).rejects.toThrow('ENOENT');
    await other.close();
  });

  it('and why it was not is said: the key, the file, the address', async () => {
    await expect(run(['true'], { keyFile: sshd.strangerKeyFile })).rejects.toThrow('authentication failed');
    await expect(run(['true'], { keyFile: '/no/such/key' })).rejects.toThrow('ENOENT');
    await expect(run(['true'], { keyFile: join(sshd.bin, '../config') })).rejects.toThrow('privateKey');
    await expect(run(['true'], { keyFile: undefined, keyFileEnv: 'SHOP_KEY' })).rejects.toThrow(
      'SHOP_KEY, which names the key file, is not set',
    );
    await expect(run(['true'], { port: 1 })).rejects.toThrow('ECONNREFUSED');
    await expect(run(['true'], { host: 'no-such-host.invalid' })).rejects.toThrow('ENOTFOUND');
  });

  it('for as long as somebody waits: a machine that never answers is let go at the deadline', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket.on('error', () => {}).resume());
      socket.on('close', () => sockets.delete(socket));
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const waits = [200, 300].map((ms) => run(['true'], { port }, AbortSignal.timeout(ms)));
    await Promise.all(waits.map((wait) => expect(wait).rejects.toThrow('timeout')));
    await eventually(() => expect(sockets.size).toBe(0));
    silent.close();
  });
});
