import { setTimeout as pause } from 'node:timers/promises';
import { connectQueue } from '@nightshift/queue';
import { startFleet, type Fleet } from '../ground/fleet.ts';
import type { House } from '../ground/house.ts';
import { startService, type Ground } from '../ground/nightshift.ts';
import { makeFlow, presentFor } from '../load/flow.ts';
import { sendLanes } from '../load/send.ts';
import type { BenchSeries } from '../load/series.ts';

/** Of two detectors under load one goes: milliseconds until the other owns all shards, and until it has judged all that was sent. */
export type Takeover = { ownedMs: number; judgedMs: number };

const quiet = { info() {}, warn() {}, error() {} };
const loadSeconds = 2;
/** How long the sender goes on afterwards. */
const afterMs = 200;
const mostMs = 60_000;

export async function measureTakeovers(
  house: House,
  ground: Ground,
  series: BenchSeries[],
  signals: NodeJS.Signals[],
): Promise<Map<NodeJS.Signals, Takeover[]>> {
  const found = new Map(signals.map((signal) => [signal, [] as Takeover[]]));
  const fleet = await startFleet(house, ground, { ingests: 1, detectors: 2 });
  for (const signal of signals) {
    const taken = await measureOne(house, ground, fleet, series, signal);
    found.get(signal)!.push(taken);
    house.say(
      `${signal}: owned after ${Math.round(taken.ownedMs)} ms, all judged after ${Math.round(taken.judgedMs)} ms`,
    );
    fleet.detectors[0] = await startService(house, ground, 'detector');
    await fleet.shared(2);
    fleet.detectors.reverse();
  }
  await fleet.stop();
  return found;
}

async function measureOne(
  house: House,
  ground: Ground,
  fleet: Fleet,
  series: BenchSeries[],
  signal: NodeJS.Signals,
): Promise<Takeover> {
  const flow = makeFlow(series, { ...presentFor(loadSeconds + afterMs / 1_000), stepMs: 500 });
  const sending = sendLanes(fleet.target, flow.lanes, house.signal);
  await pause(loadSeconds * 1_000);
  const started = performance.now();
  const gone = fleet.detectors[0]!.child.stop(signal);
  await fleet.shared(1);
  const ownedMs = performance.now() - started;
  await sending;
  await drained(ground, house);
  const judgedMs = performance.now() - started;
  await gone;
  return { ownedMs, judgedMs };
}

/** Resolves when no batch waits for a detector or is at work in one. */
async function drained(ground: Ground, house: House): Promise<void> {
  const queue = connectQueue({ url: ground.redis.url, name: 'bench', log: quiet });
  try {
    const shards = (await ground.postgres.db.query<{ shard: number }>('SELECT shard FROM shard')).map(
      ({ shard }) => shard,
    );
    for (const deadline = performance.now() + mostMs; ; await pause(20)) {
      house.signal.throwIfAborted();
      const depths = await Promise.all(shards.map((shard) => queue.depth('samples', shard)));
      if (depths.every(({ waiting, active, delayed }) => waiting + active + delayed === 0)) return;
      if (performance.now() > deadline) throw new Error('what was sent is not judged within a minute');
    }
  } finally {
    await queue.close(2_000);
  }
}
