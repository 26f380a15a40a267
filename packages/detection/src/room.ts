/** How much more detectors may hold that share a memory: so many series, and so many bytes of their state. */
export type Room = { series(): number; bytes(): number };

/** For who judges what is known beforehand: a backtest, a benchmark. */
export const endless: Room = { series: () => Infinity, bytes: () => Infinity };
