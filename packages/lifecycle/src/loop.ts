/** Something that goes on until it is closed. `kick` makes its next round start at once. */
export type Loop = { kick(): void; close(): Promise<void> };

/**
 * Runs `round` again and again, one at a time: at once while it says there is more, else after `everyMs` or a kick.
 * An error is reported and the loop goes on.
 */
export function startLoop(options: {
  everyMs: number;
  round: () => Promise<'more' | 'idle'>;
  onError: (error: unknown) => void;
}): Loop {
  let closed = false;
  let kicked = false;
  let wake = () => {};
  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, options.everyMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const running = (async () => {
    while (!closed) {
      kicked = false;
      const outcome = await options.round().catch((error: unknown) => {
        options.onError(error);
        return 'idle' as const;
      });
      if (outcome === 'idle' && !kicked && !closed) await pause();
    }
  })();
  return {
    kick() {
      kicked = true;
      wake();
    },
    async close() {
      closed = true;
      wake();
      await running;
    },
  };
}
