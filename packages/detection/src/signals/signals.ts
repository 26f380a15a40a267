import type { Verdict } from '../detector.ts';
import { endless } from '../room.ts';
import type { Limit } from '../rules.ts';
import { newDistribution, takePart, type Distribution } from './distribution.ts';
import type { Inputs } from './role.ts';
import { followShape, kindOfShape, type Shape } from './shape.ts';
import { addCount, newShare, rememberedMs, type Share } from './share.ts';
import { readState, writeState } from './state.ts';
import { judgeThreshold, type Breach, type Judgement } from './threshold.ts';

/** A sample of a derived series. `floor`: the least change that means something, where its rule has none. */
export type SignalSample = {
  name: string;
  service: string;
  labels: Record<string, string>;
  at: number;
  value: number;
  floor: number;
};

/** A series that feeds signals. `createdAt`: when it was registered. */
export type Source = { id: number; createdAt: number };

type Taken = { source: Source; inputs: Inputs; at: number; value: number };

/** Makes signals out of several series of one shard, and remembers which are beyond fixed limits. No input, no output, no clock. */
export type Signals = {
  /**
   * Takes a sample of a series that feeds signals. Of each series samples count once, in the order of their time. False, and not taken,
   * where it is of a histogram that is not known, and there is no room for one more.
   */
  take(source: Source, inputs: Inputs, at: number, value: number): boolean;
  /** Reckons in what was taken since, whatever the order of its series. Returns the samples that came of it, in the order of time. */
  settle(): SignalSample[];
  /** What a series of unknown kind seems to be, this sample included. */
  kindOf(seriesId: number, at: number, value: number): 'gauge' | 'counter';
  /** Judges a sample by a fixed limit, beside the detector's verdict. */
  limit(seriesId: number, threshold: Limit, at: number, verdict: Verdict): Judgement;
  /** Forgets what has not been heard of for an hour, or for the longest of its windows. */
  forget(now: number): void;
  snapshot(): Uint8Array;
  /** Replaces all state by a snapshot's. Throws a RangeError where the bytes are foreign or of an unknown version. */
  restore(bytes: Uint8Array): void;
};

export type SignalsState = {
  distributions: Map<string, { base: string; service: string; labels: Record<string, string>; dist: Distribution }>;
  shares: Map<string, Share>;
  /** What counters that feed shares have read last, by series. */
  readings: Map<number, { at: number; value: number }>;
  breaches: Map<number, Breach>;
  /** How series of unknown kind have moved. */
  shapes: Map<number, Shape>;
};

const minuteMs = 60_000;
const forgetMs = 60 * minuteMs;
/** A counter that appears while its signal is being counted has begun at zero; not if nobody has listened for longer. */
const listeningMs = 5 * minuteMs;
/** A rate stands for the time since the one before, but not for an outage. */
const longestStepMs = 5 * minuteMs;

const nothing = (): SignalsState => ({
  distributions: new Map(),
  shares: new Map(),
  readings: new Map(),
  breaches: new Map(),
  shapes: new Map(),
});

export function createSignals(room = endless): Signals {
  let state = nothing();
  let taken: Taken[] = [];
  return {
    take(source, inputs, at, value) {
      const { part } = inputs;
      if (part && room.series() < 1 && !state.distributions.has(part.of)) return false;
      if (Number.isFinite(value)) taken.push({ source, inputs, at, value });
      return true;
    },
    settle() {
      // A batch may hold one series after the other; what they count belongs together by time.
      const inOrder = taken.sort((a, b) => a.at - b.at);
      taken = [];
      return inOrder.flatMap((sample) => [...partIn(state, sample), ...shareIn(state, sample)]);
    },
    kindOf(seriesId, at, value) {
      const shape = followShape(state.shapes.get(seriesId), at, value);
      state.shapes.set(seriesId, shape);
      return kindOfShape(shape);
    },
    limit(seriesId, threshold, at, verdict) {
      const { judgement, breach } = judgeThreshold(threshold, state.breaches.get(seriesId), at, verdict);
      if (breach) state.breaches.set(seriesId, breach);
      else state.breaches.delete(seriesId);
      return judgement;
    },
    forget(now) {
      const drop = <K, V>(map: Map<K, V>, isOver: (value: V) => boolean) =>
        map.forEach((value, key) => isOver(value) && map.delete(key));
      drop(state.distributions, ({ dist }) => Math.max(dist.doneAt, ...dist.pending.keys()) < now - forgetMs);
      drop(state.shares, (share) => share.newestAt < now - rememberedMs(share));
      drop(state.readings, ({ at }) => at < now - forgetMs);
      drop(state.shapes, ({ at }) => at < now - forgetMs);
      drop(state.breaches, ({ lastAt }) => lastAt < now - 24 * forgetMs);
    },
    snapshot: () => writeState(state),
    restore(bytes) {
      // A snapshot of an earlier release may lack what it did not know.
      state = { ...nothing(), ...readState(bytes) };
    },
  };
}

function partIn({ distributions }: SignalsState, { inputs: { part, perSecond }, at, value }: Taken): SignalSample[] {
  if (!part) return [];
  const { of, key, base, service, labels } = part;
  let known = distributions.get(of);
  if (!known) distributions.set(of, (known = { base, service, labels, dist: newDistribution(perSecond) }));
  return takePart(known.dist, key, at, value).flatMap((derived) =>
    derived.values.map(([ending, of, floor]) => ({
      name: `${base}:${ending}`,
      service,
      labels,
      at: derived.at,
      value: of,
      floor,
    })),
  );
}

function shareIn(state: SignalsState, { source, inputs, at, value }: Taken): SignalSample[] {
  const { shares, perSecond } = inputs;
  if (shares.length === 0) return [];
  const before = state.readings.get(source.id);
  if (before && at <= before.at) return [];
  state.readings.set(source.id, { at, value });
  return shares.flatMap(({ of, signal, service, labels, weight }) => {
    let share = state.shares.get(of);
    if (!share) state.shares.set(of, (share = newShare(signal, service, labels, at)));
    const grown = perSecond ? ofRate(before, at, value) : grownSince(before, source, share, at, value);
    return addCount(share, at, grown, weight).map((sample) => ({ ...sample, service, labels }));
  });
}

type Reading = { at: number; value: number };

const ofRate = (before: Reading | undefined, at: number, value: number) =>
  before ? (value * Math.min(at - before.at, longestStepMs)) / 1_000 : 0;

/** How much a counter has counted since its reading before; it has begun anew where it fell. */
function grownSince(
  before: Reading | undefined,
  { createdAt }: Source,
  share: Share,
  at: number,
  value: number,
): number {
  if (before) return value < before.value ? value : value - before.value;
  const isNew = createdAt > share.since + minuteMs && Math.abs(at - createdAt) < listeningMs;
  return isNew && at - share.newestAt < listeningMs ? value : 0;
}
