import { encodeBatch, NightshiftError, type Batch } from '@nightshift/types';

/**
 * Gathers the samples of many requests into one job per shard: a job costs some 100 us however much is in it. A shard has one job
 * on its way at a time, so that what one process sends of a series stays in order.
 */
export type GroupCommit = {
  /** A request is in the house: what others have put waits for it, shortly. It must `leave` exactly once, after its `put` or without. */
  enter(): void;
  leave(): void;
  /** Adds rows to their shards; settles with the flushes that hold them: when the queue has all of them, or one did not get there. */
  put(batch: Batch, count: number): Promise<void>;
  /** Sends what waits, then refuses. */
  close(): Promise<void>;
};

export type Flush = { shard: number; samples: number; waitedMs: number; sentMs: number; failed: boolean };

export type GroupCommitOptions = {
  shards: number;
  /** Resolves when the queue has the packed batch. */
  send: (shard: number, batch: string) => Promise<void>;
  /** Most samples of one job. */
  maxSamples: number;
  /** Longest time for which samples wait for the rest of the house. */
  maxWaitMs: number;
  observe?: (flush: Flush) => void;
};

type Pending = {
  rows: Batch;
  count: number;
  since: number;
  done: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
};

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const shards = Array.from({ length: options.shards }, (_, shard) => createShard(shard, options));
  let inHouse = 0;
  let closed = false;
  return {
    enter() {
      inHouse += 1;
    },
    leave() {
      inHouse -= 1;
      if (inHouse === 0) for (const shard of shards) shard.flush();
    },
    async put(batch, count) {
      if (closed) throw new NightshiftError('QUEUE_UNAVAILABLE', 'this ingest is shutting down');
      const { seriesIds, timestamps, values } = batch;
      const flushes: Promise<void>[] = [];
      const latest: (Promise<void> | undefined)[] = shards.map(() => undefined);
      for (let row = 0; row < count; row++) {
        const shard = seriesIds[row]! % shards.length;
        const flush = shards[shard]!.add(seriesIds[row]!, timestamps[row]!, values[row]!);
        if (flush !== latest[shard]) flushes.push((latest[shard] = flush));
      }
      await Promise.all(flushes);
    },
    async close() {
      closed = true;
      await Promise.allSettled(shards.map((shard) => shard.drain()));
    },
  };
}

function createShard(shard: number, { send, maxSamples, maxWaitMs, observe }: GroupCommitOptions) {
  const full: Pending[] = [];
  let open: Pending | undefined;
  /** Whether the open one should go as soon as none is on its way. */
  let due = false;
  let timer: NodeJS.Timeout | undefined;
  let spare: Batch | undefined;
  let sending: Promise<void> | undefined;

  const seal = () => {
    if (open) full.push(open);
    open = undefined;
    due = false;
    clearTimeout(timer);
  };

  const pump = () => {
    if (sending) return;
    if (full.length === 0 && due) seal();
    const pending = full.shift();
    if (!pending) return;
    sending = sendOne(pending).finally(() => {
      sending = undefined;
      pump();
    });
  };

  const sendOne = async (pending: Pending) => {
    const started = performance.now();
    const told = (failed: boolean) =>
      observe?.({
        shard,
        samples: pending.count,
        waitedMs: started - pending.since,
        sentMs: performance.now() - started,
        failed,
      });
    try {
      const packed = encodeBatch(pending.rows, pending.count);
      spare = pending.rows; // it was copied
      await send(shard, packed);
      pending.resolve();
      told(false);
    } catch (error) {
      told(true);
      // What waits behind it would only meet the same queue, later: its senders had better know at once.
      seal();
      for (const each of [pending, ...full.splice(0)]) each.reject(error);
    }
  };

  const flush = () => {
    due = open !== undefined;
    pump();
  };

  const openOne = (): Pending => {
    const rows = spare ?? emptyBatch(maxSamples);
    spare = undefined;
    timer = setTimeout(flush, maxWaitMs);
    return { rows, count: 0, since: performance.now(), ...deferred() };
  };

  return {
    flush,
    /** Adds one sample; the promise is the same for all of one flush. */
    add(seriesId: number, timestamp: number, value: number): Promise<void> {
      const pending = (open ??= openOne());
      const { rows, count } = pending;
      rows.seriesIds[count] = seriesId;
      rows.timestamps[count] = timestamp;
      rows.values[count] = value;
      pending.count += 1;
      if (pending.count === maxSamples) {
        seal();
        pump();
      }
      return pending.done;
    },
    async drain() {
      flush();
      while (sending) await sending;
    },
  };
}

const emptyBatch = (rows: number): Batch => ({
  seriesIds: new Uint32Array(rows),
  timestamps: new Float64Array(rows),
  values: new Float64Array(rows),
});

function deferred(): { done: Promise<void>; resolve(): void; reject(error: unknown): void } {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  done.catch(() => {}); // a sender that went away hears nothing
  return { done, resolve, reject };
}
