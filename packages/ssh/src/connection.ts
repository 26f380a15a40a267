import { readFile } from 'node:fs/promises';
import { errorMessage, type SshAccess } from '@nightshift/types';
import { Client, type ClientChannel } from 'ssh2';
import { expectedHostKey } from './host-key.ts';
import { collect, type Ran } from './output.ts';

const connectMs = 10_000;
/** A machine that is gone is noticed after three of these. */
const keepAliveMs = 5_000;
/** How long a program that was stopped may take to be gone, before the connection is cut under it. */
const stopMs = 1_000;

export type Connection = {
  /** Runs one command line; on abort it is killed, and this rejects at once. `onClosed`: its channel is gone, at the latest after a moment. */
  exec(line: string, signal: AbortSignal, onClosed: () => void): Promise<Ran>;
  /** Cuts it; whatever runs on it rejects. */
  cut(): void;
};

export type Reach = { access: SshAccess; keyFile: string };

/** Connects and logs in, but only to a machine that shows a host key that is known. `onGone`: it is no longer connected. */
export async function connect(
  { access, keyFile }: Reach,
  signal: AbortSignal,
  onGone: () => void,
): Promise<Connection> {
  const [privateKey, hostKey] = await Promise.all([readFile(keyFile), expectedHostKey(access)]);
  const client = new Client();
  let problem: Error | null = null;
  client.on('error', (error) => (problem ??= inWords(error, access)));
  const cut = () => client.destroy();
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      problem ??= signal.reason as Error;
      cut();
    };
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', abort);
      end();
    };
    // Small packets back and forth: nothing is gained by holding one back until the last is acknowledged.
    client.once('connect', () => client.setNoDelay(true));
    client.once('ready', () => settle(resolve));
    client.once('close', () => settle(() => reject(problem ?? new Error(`${access.host}:${access.port} hung up`))));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) return settle(() => reject(signal.reason as Error));
    client.connect({
      host: access.host,
      port: access.port,
      username: access.user,
      privateKey,
      authHandler: ['publickey'],
      readyTimeout: connectMs,
      keepaliveInterval: keepAliveMs,
      ...(hostKey.algorithms && { algorithms: { serverHostKey: hostKey.algorithms } }),
      hostVerifier: (key: Buffer) => {
        const refusal = hostKey.refusal(key);
        if (refusal !== null) problem ??= new Error(refusal);
        return refusal === null;
      },
    });
  });
  client.once('close', onGone);
  return { exec: (line, until, onClosed) => exec(client, line, until, onClosed), cut };
}

function exec(client: Client, line: string, signal: AbortSignal, onClosed: () => void): Promise<Ran> {
  return new Promise((resolve, reject) => {
    let channel: ClientChannel | undefined;
    let overdue: NodeJS.Timeout | undefined;
    const stop = () => {
      // A server may ignore the signal; without its end of the channel the program gets no more of our time.
      overdue ??= setTimeout(() => client.destroy(), stopMs);
      channel?.signal('KILL');
      channel?.close();
    };
    const abort = () => {
      stop();
      reject(signal.reason as Error);
    };
    const finish = () => {
      clearTimeout(overdue);
      signal.removeEventListener('abort', abort);
      client.removeListener('close', lost);
      onClosed();
    };
    const lost = () => {
      finish();
      reject(new Error('the connection was cut while it ran'));
    };
    signal.addEventListener('abort', abort, { once: true });
    client.once('close', lost);
    const started = (error: Error | undefined, opened: ClientChannel) => {
      if (error) {
        finish();
        return reject(error);
      }
      channel = opened;
      let exitCode: number | null = null;
      const [stdout, stderr] = [collect(opened, stop), collect(opened.stderr, stop)];
      opened.on('exit', (code: number | null) => (exitCode = code));
      opened.on('error', reject);
      opened.once('close', () => {
        finish();
        const truncated = stdout.truncated || stderr.truncated;
        resolve({ exitCode: truncated ? null : exitCode, stdout: stdout.text(), stderr: stderr.text(), truncated });
      });
      if (signal.aborted) stop();
    };
    try {
      client.exec(line, started);
    } catch (error) {
      finish();
      reject(error as Error); // no longer connected: nothing was sent
    }
  });
}

/** Only what helps whoever reads it: which step failed, and at which machine. */
function inWords(error: Error & { level?: string; code?: string }, { host, port, user }: SshAccess): Error {
  const at = `${host}:${port}`;
  if (error.level === 'client-authentication')
    return new Error(`${at} does not let ${user} in with this key (authentication failed)`);
  if (error.level === 'client-timeout') return new Error(`${at} did not finish the handshake within ${connectMs} ms`);
  return new Error(`no SSH connection to ${at}: ${errorMessage(error)}`, { cause: error });
}
