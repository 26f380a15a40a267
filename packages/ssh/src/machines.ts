import type { SshAccess } from '@nightshift/types';
import { commandLine } from './command-line.ts';
import { connect, type Connection, type Reach } from './connection.ts';
import type { Ran } from './output.ts';
import { openSlots, type Slots } from './slots.ts';

/** sshd allows ten sessions on a connection (MaxSessions); a person may have some. */
const atOnce = 8;
const idleMs = 15_000;

export type Machines = {
  /**
   * Runs one program with these arguments as the user of `access`, over the one connection to that machine. No environment of ours,
   * no input, no terminal; at most a mebibyte of output.
   */
  run(access: SshAccess, argv: readonly string[], options: RunOptions): Promise<Ran>;
  /** Cuts every connection. */
  close(): void;
};

export type RunOptions = {
  /** Where `keyFileEnv` is looked up. */
  env: Record<string, string | undefined>;
  /** On abort this rejects at once, and the machine is asked to kill the program; not every sshd does (none for root). */
  signal: AbortSignal;
  /** After so long the machine kills it by itself, whatever became of us and of the network. */
  limitMs: number;
};

/** A connection and who uses it; cut when nobody did for a while. */
type Link = {
  connecting: Promise<Connection>;
  giveUp: AbortController;
  slots: Slots;
  users: number;
  idle?: NodeJS.Timeout;
};

/** Connections to other machines: one for each machine, user and key, opened on first use. */
export function openMachines(): Machines {
  const links = new Map<string, Link>();

  const drop = (key: string, link: Link) => {
    if (links.get(key) === link) links.delete(key);
    clearTimeout(link.idle);
    link.giveUp.abort(new Error('nobody needs this connection any more'));
    void link.connecting.then(
      (connection) => connection.cut(),
      () => {},
    );
  };

  const linkTo = (key: string, reach: Reach): Link => {
    const known = links.get(key);
    if (known) return known;
    const giveUp = new AbortController();
    const link: Link = {
      giveUp,
      slots: openSlots(atOnce),
      users: 0,
      connecting: connect(reach, giveUp.signal, () => drop(key, link)),
    };
    link.connecting.catch(() => drop(key, link));
    links.set(key, link);
    return link;
  };

  const leave = (key: string, link: Link, connected: boolean) => {
    link.users--;
    if (link.users > 0) return;
    // Whoever waited for it is gone: an address that never answers holds nothing open.
    if (!connected) drop(key, link);
    else link.idle = setTimeout(() => drop(key, link), idleMs).unref();
  };

  return {
    async run(access, argv, { env, signal, limitMs }) {
      signal.throwIfAborted();
      const line = commandLine(argv, limitMs);
      const reach = { access, keyFile: keyFileOf(access, env) };
      const key = JSON.stringify(reach);
      const link = linkTo(key, reach);
      clearTimeout(link.idle);
      link.users++;
      let connected = false;
      try {
        const connection = await unlessAborted(link.connecting, signal);
        connected = true;
        const give = await link.slots.take(signal);
        return await connection.exec(line, signal, give);
      } finally {
        leave(key, link, connected);
      }
    },
    close() {
      for (const [key, link] of links) drop(key, link);
    },
  };
}

function keyFileOf({ keyFile, keyFileEnv }: SshAccess, env: Record<string, string | undefined>): string {
  const path = keyFile ?? env[keyFileEnv!];
  if (!path) throw new Error(`environment variable ${keyFileEnv}, which names the key file, is not set here`);
  return path;
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
