import { setTimeout as pause } from 'node:timers/promises';
import { remoteWriteHeaders, type Target } from '../load/send.ts';
import { startMeters, type Meter } from './cpu.ts';
import type { House } from './house.ts';
import { readCounter, startService, type Ground, type Service } from './nightshift.ts';

/** Ingest and detectors on one ground, all shards owned, and what has become of the samples that were sent to them. */
export type Fleet = {
  ingests: Service[];
  detectors: Service[];
  meters: Meter[];
  /** Remote write; lanes are spread over the ingest processes. */
  target(lane: number): Target;
  /** Samples by what their detectors made of them. */
  outcomes(): Promise<Map<string, number>>;
  /** Resolves when so many samples of all that were ever sent have an outcome; rejects when a minute brings none. */
  settled(samples: number): Promise<void>;
  /** Resolves when every shard belongs to one of so many living detectors. */
  shared(detectors: number): Promise<void>;
  stop(): Promise<void>;
};

const stallMs = 60_000;
const sumOf = (counts: Map<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);

export async function startFleet(
  house: House,
  ground: Ground,
  size: { ingests: number; detectors: number },
  env: Record<string, string> = {},
): Promise<Fleet> {
  const start = (name: 'ingest' | 'detector', count: number) =>
    Promise.all(Array.from({ length: count }, () => startService(house, ground, name, env)));
  const [ingests, detectors] = await Promise.all([start('ingest', size.ingests), start('detector', size.detectors)]);
  const shared = (count: number) => sharedBy(house, ground, count);
  await shared(size.detectors);
  const headers = { authorization: `Bearer ${ground.token}`, ...remoteWriteHeaders };
  const outcomes = () => readCounter(detectors, 'nightshift_samples_total', 'outcome');
  return {
    ingests,
    detectors,
    meters: [...ingests, ...detectors].map(({ meter }) => meter).concat(ground.redis.meter, ground.postgres.meter),
    target: (lane) => ({ port: ingests[lane % ingests.length]!.port, path: '/api/v1/write', headers }),
    outcomes,
    async settled(samples) {
      let [seen, seenAt] = [-1, performance.now()];
      for (;;) {
        house.signal.throwIfAborted();
        const judged = sumOf(await outcomes());
        if (judged >= samples) return;
        if (judged !== seen) [seen, seenAt] = [judged, performance.now()];
        if (performance.now() - seenAt > stallMs) throw new Error(`of ${samples} samples only ${judged} were judged`);
        await pause(20);
      }
    },
    shared,
    async stop() {
      await Promise.all([...ingests, ...detectors].map(({ child }) => child.stop()));
    },
  };
}

async function sharedBy(house: House, { postgres }: Ground, detectors: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; await pause(20)) {
    house.signal.throwIfAborted();
    const [row] = await postgres.db.query<{ owners: number; orphans: number }>(
      `SELECT count(DISTINCT m.id) AS owners, count(*) FILTER (WHERE m.id IS NULL) AS orphans FROM shard s LEFT JOIN member m ON m.id = s.owner`,
    );
    if (row!.owners === detectors && row!.orphans === 0) return;
    if (Date.now() > deadline) throw new Error(`the shards are not shared among ${detectors} detectors`);
  }
}

/** What a piece of work came to: how long it took, and microseconds of processor time by process. */
export async function measured(meters: Meter[], work: () => Promise<unknown>) {
  const spent = startMeters(meters);
  const started = performance.now();
  await work();
  return { seconds: (performance.now() - started) / 1_000, cpuUs: spent() };
}
