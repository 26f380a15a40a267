import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromPlatform, Held, HeldAt, ToPlatform } from '../platform/messages.ts';

const program = fileURLToPath(new URL('../platform/main.js', import.meta.url));

/** The platform's process, which outlives its own deaths by its ledger. */
export type Outside = {
  url(caller: string): string;
  /** The next request that gets to this moment, held there; null: none came in time. */
  hold(at: HeldAt, timeoutMs: number): Promise<Held | null>;
  release(held: Held): void;
  /** kill -9, and started again. */
  kill(): Promise<void>;
  setAhead(ms: number): Promise<void>;
  close(): Promise<void>;
};

export async function startOutside(options: {
  ledger: string;
  seed: number;
  token: string;
  onEffect: (target: string) => void;
}): Promise<Outside> {
  let [port, aheadMs, starts, ended] = [0, 0, 0, false];
  let child: ChildProcess;
  let onHeld: ((held: Held) => void) | null = null;
  let onAhead = () => {};
  const say = (message: ToPlatform) => void (child.connected && child.send(message));

  const start = async () => {
    starts += 1;
    const env = {
      PLATFORM_LEDGER: options.ledger,
      PLATFORM_SEED: String(options.seed + starts),
      PLATFORM_AHEAD_MS: String(aheadMs),
      PLATFORM_PORT: String(port),
      PLATFORM_TOKEN: options.token,
    };
    child = fork(program, { env, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the platform ended with ${code}`)));
      child.on('message', (message: FromPlatform) => {
        if (message.kind === 'ready') {
          port = message.port;
          resolve();
        } else if (message.kind === 'held') {
          if (onHeld) onHeld(message);
          else say({ kind: 'release', id: message.id });
        } else if (message.kind === 'effect') options.onEffect(message.target);
        else onAhead();
      });
    });
    child.once('exit', () => void (ended || start().catch(() => {})));
  };
  await start();

  return {
    url: (caller) => `http://127.0.0.1:${port}/${caller}`,
    hold: (at, timeoutMs) =>
      new Promise((resolve) => {
        const settle = (held: Held | null) => {
          clearTimeout(timer);
          onHeld = null;
          resolve(held);
        };
        const timer = setTimeout(() => {
          say({ kind: 'disarm' });
          settle(null);
        }, timeoutMs);
        onHeld = settle;
        say({ kind: 'arm', at });
      }),
    release: ({ id }) => say({ kind: 'release', id }),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async setAhead(ms) {
      aheadMs = ms;
      const set = new Promise<void>((resolve) => (onAhead = resolve));
      say({ kind: 'ahead', ms });
      await set;
    },
    async close() {
      ended = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
