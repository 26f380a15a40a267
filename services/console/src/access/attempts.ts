/** How many wrong tokens one address may offer in how long. A token has at least 16 characters: this is for the log, and for calm. */
const most = 10;
const windowMs = 60_000;
const addresses = 10_000;

export type Attempts = {
  /** Milliseconds until this address may try again; 0: now. */
  waitMs(address: string): number;
  failed(address: string): void;
};

/** Counts failed log-ins per address, in bounded memory. `clock` in ms; only differences count. */
export function countAttempts(clock: () => number = () => performance.now()): Attempts {
  const failures = new Map<string, number[]>();
  const recent = (address: string) => (failures.get(address) ?? []).filter((at) => at > clock() - windowMs);
  return {
    waitMs(address) {
      const times = recent(address);
      return times.length < most ? 0 : Math.max(0, times[0]! + windowMs - clock());
    },
    failed(address) {
      const times = [...recent(address), clock()].slice(-most);
      failures.delete(address);
      failures.set(address, times); // a map keeps the order of insertion: the first is the one that was quiet for longest
      if (failures.size > addresses) failures.delete(failures.keys().next().value!);
    },
  };
}
