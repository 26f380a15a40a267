import { setTimeout as pause } from 'node:timers/promises';

export type Interruption = {
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Resolves then. */
  wait(): Promise<void>;
};

/** Longest orderly stop; after it, or after a second Ctrl-C, this command ends at once and the next start cleans up. */
const stopMs = 30_000;
/** One Ctrl-C under npm comes twice: from the terminal, and from npm that passes it on. */
const sameKeyMs = 1_000;

/** Turns the first Ctrl-C, SIGTERM or closed terminal into an abort, so that everything is stopped in order. */
export function onInterrupt(say: (text: string) => void): Interruption {
  const controller = new AbortController();
  let firstAt = 0;
  const interrupted = () => {
    if (controller.signal.aborted) {
      if (performance.now() - firstAt < sameKeyMs) return;
      say('stopped at once; the next start cleans up');
      process.exit(1);
    }
    firstAt = performance.now();
    say('stopping …');
    controller.abort(new Error('interrupted'));
    void pause(stopMs, undefined, { ref: false }).then(() => process.exit(1));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);
  return {
    signal: controller.signal,
    wait: () =>
      new Promise((resolve) =>
        controller.signal.aborted
          ? resolve()
          : controller.signal.addEventListener('abort', () => resolve(), { once: true }),
      ),
  };
}
