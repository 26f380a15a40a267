import { NightshiftError } from '@nightshift/types';
import type { Processor, Queue as BullQueue, Worker, WorkerOptions } from 'bullmq';
import type { Log } from './log.ts';

/** A store of jobs. Outside of this room nothing knows which one it is. */
export type Backend = {
  /** Rejects at once if the store is known to be out of reach; waits for a connection that is being made. */
  up(): Promise<void>;
  ping(): Promise<void>;
  /** The sending side of a queue: fails instead of waiting. */
  queue(name: string): BullQueue;
  /** The working side of a queue: waits through outages. */
  worker(name: string, processor: Processor, options: Omit<WorkerOptions, 'connection'>): Worker;
  /** Cuts what is still open. Workers are closed before. */
  close(): Promise<void>;
};

export type BackendOptions = { url: string; name: string; log: Log };

/** Events are read by nobody here: keep few. */
export const queueSettings = { streams: { events: { maxLen: 100 } } };

/** Which store a URL names. Throws CONFIG_INVALID for any other scheme. */
export function schemeOf(url: string): 'redis' | 'postgres' {
  if (/^rediss?:\/\//.test(url)) return 'redis';
  if (/^postgres(ql)?:\/\//.test(url)) return 'postgres';
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1] ?? 'no scheme';
  throw new NightshiftError(
    'CONFIG_INVALID',
    `QUEUE_URL must start with redis://, rediss:// or postgres://, not with ${scheme}`,
  );
}
