import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

const program = '/usr/sbin/sshd';

export type TestSshd = {
  port: number;
  user: string;
  /** A private key that it lets in, and one that it does not. */
  keyFile: string;
  strangerKeyFile: string;
  /** Fingerprint of its host key, and the line that known_hosts has of it. */
  hostKey: string;
  knownHostsLine: string;
  /** A folder that stands first in the PATH of what it runs: the place of stand-ins. */
  bin: string;
  /** Its process: for stopping it (SIGSTOP). */
  pid: number;
  close(): Promise<void>;
};

/** Why no sshd can be started here, or null. */
export function noSshd(): string | null {
  if (!existsSync(program)) return `there is no ${program} on this machine (Debian: openssh-server)`;
  return existsSync('/usr/bin/ssh-keygen') ? null : 'there is no ssh-keygen on this machine (Debian: openssh-client)';
}

/** Starts a real OpenSSH server on a port of 127.0.0.1, with keys and settings of its own, that lets in the user of this process. */
export async function startSshd(options: { port?: number } = {}): Promise<TestSshd> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-test-sshd-'));
  const at = (name: string) => join(folder, name);
  const port = options.port ?? (await freePort());
  for (const name of ['host', 'user', 'stranger'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', at(name)]);
  await copyFile(at('user.pub'), at('authorized_keys'));
  await mkdir(at('bin'));
  await chmod(folder, 0o755);
  // As root it gives up its rights in this folder, which Debian makes only when it starts the service.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const settings = [
    ['ListenAddress', '127.0.0.1'],
    ['Port', String(port)],
    ['HostKey', at('host')],
    ['AuthorizedKeysFile', at('authorized_keys')],
    ['PidFile', 'none'],
    ['UsePAM', 'no'],
    ['StrictModes', 'no'],
    ['PasswordAuthentication', 'no'],
    // A crowd that logs in at once is no attack here.
    ['MaxStartups', '1000'],
    // Bash reads ~/.bashrc before each command: nobody's own settings belong here.
    ['SetEnv', `PATH=${at('bin')}:/usr/bin:/bin`, `HOME=${folder}`],
  ];
  await writeFile(at('config'), settings.map((words) => `${words.join(' ')}\n`).join(''));
  const server = spawn(program, ['-D', '-e', '-f', at('config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const endWithUs = () => void server.kill('SIGKILL');
  process.once('exit', endWithUs);
  await new Promise<void>((resolve, reject) => {
    let words = '';
    server.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4_000);
      if (words.includes('Server listening')) resolve();
    });
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${words}`)));
  });
  const [type, key] = (await readFile(at('host.pub'), 'utf8')).split(' ');
  return {
    port,
    user: userInfo().username,
    keyFile: at('user'),
    strangerKeyFile: at('stranger'),
    hostKey: execFileSync('ssh-keygen', ['-l', '-f', at('host.pub')], { encoding: 'utf8' }).split(' ')[1]!,
    knownHostsLine: `[127.0.0.1]:${port} ${type} ${key!.trim()}`,
    bin: at('bin'),
    pid: server.pid!,
    async close() {
      process.removeListener('exit', endWithUs);
      server.kill('SIGCONT');
      const ended =
        server.exitCode !== null ||
        server.signalCode !== null ||
        new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
