export type Slots = {
  /** Waits for a free place, first come first served; what it returns gives the place back, once. */
  take(signal: AbortSignal): Promise<() => void>;
};

/** So many at once. */
export function openSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();
  const give = () => {
    free++;
    const [next] = waiting;
    next?.();
  };
  return {
    async take(signal) {
      while (free === 0) {
        await new Promise<void>((resolve, reject) => {
          const settle = (end: () => void) => () => {
            waiting.delete(wake);
            signal.removeEventListener('abort', abort);
            end();
          };
          const wake = settle(resolve);
          const abort = settle(() => reject(signal.reason as Error));
          waiting.add(wake);
          signal.addEventListener('abort', abort, { once: true });
        });
        signal.throwIfAborted();
      }
      free--;
      let given = false;
      return () => {
        if (given) return;
        given = true;
        give();
      };
    },
  };
}
