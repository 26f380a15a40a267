import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Detector, Room } from '@nightshift/detection';

const mebibyte = 1024 * 1024;
/** What a series takes of the heap beside its state: its name, its rule, its places in maps: 658 were measured. */
const heapBytesPerSeries = 1_000;
/** The rest is for batches, snapshots on their way, and what is short-lived. */
const shareOfHeap = 1 / 2;
const shareOfMemory = 1 / 2;

export type MemoryLimits = { series: number; bytes: number };

/** What the shards of this process may hold together. */
export type Memory = Room & {
  limits: MemoryLimits;
  /** Counts what a shard holds, until it is let go. */
  hold(detector: Detector): { release(): void };
  /** Why no series is taken, for people. */
  full(): string;
};

/** The limits of the configuration; where it has none, half of what Node's heap and the machine (or its container) have room for. */
export function memoryLimits(series: number | undefined, stateMb: number | undefined): MemoryLimits {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return {
    series: series ?? Math.floor((getHeapStatistics().heap_size_limit * shareOfHeap) / heapBytesPerSeries),
    bytes: stateMb === undefined ? Math.floor(memory * shareOfMemory) : stateMb * mebibyte,
  };
}

export function openMemory(limits: MemoryLimits): Memory {
  const held = new Set<Detector>();
  const sum = (of: 'size' | 'bytes') => [...held].reduce((total, detector) => total + detector[of], 0);
  return {
    limits,
    series: () => limits.series - sum('size'),
    bytes: () => limits.bytes - sum('bytes'),
    hold(detector) {
      held.add(detector);
      return { release: () => void held.delete(detector) };
    },
    full() {
      const [mb, of] = [sum('bytes') / mebibyte, limits.bytes / mebibyte];
      return `its detector holds ${sum('size')} series of ${limits.series} (DETECTOR_MAX_SERIES) and ${mb.toFixed(1)} MB of ${of.toFixed(1)} (DETECTOR_STATE_MB): send fewer, raise them, or add a detector`;
    },
  };
}
