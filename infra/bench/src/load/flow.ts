import { setTimeout as pause } from 'node:timers/promises';
import { remoteWrite, samplesPerBody } from './bodies.ts';
import type { BenchSeries } from './series.ts';

/** Samples made as they are sent: as many lanes as there are bodies in a step, or one for several, so that a series is always in the same one. */
export type Flow = {
  lanes: AsyncIterable<Buffer>[];
  /** Samples that were answered with 2xx. */
  sent(): number;
};

export type FlowOptions = {
  /** Whether a lane goes on with another step. */
  goesOn: (step: number) => boolean;
  /** Time of a sample, epoch ms. Two samples of one moment would be one. */
  timeOf: (step: number, before: number) => number;
  /** One sample of each series each so many ms; without it as fast as they are taken. */
  stepMs?: number;
};

const mostLanes = 20;

/** Samples of the present, for so many seconds. */
export const presentFor = (seconds: number): FlowOptions => {
  const until = performance.now() + seconds * 1_000;
  return { goesOn: () => performance.now() < until, timeOf: (_step, before) => Math.max(before + 1, Date.now()) };
};

export function makeFlow(series: BenchSeries[], { goesOn, timeOf, stepMs }: FlowOptions): Flow {
  let sent = 0;
  const started = performance.now();
  const bodies = Array.from({ length: Math.ceil(series.length / samplesPerBody) }, (_, i) => {
    const mine = series.slice(i * samplesPerBody, (i + 1) * samplesPerBody);
    return { samples: mine.length, make: remoteWrite(mine, i * samplesPerBody) };
  });
  async function* lane(mine: typeof bodies): AsyncIterable<Buffer> {
    for (let [step, at] = [0, 0]; goesOn(step); step++) {
      const wait = stepMs === undefined ? 0 : started + step * stepMs - performance.now();
      if (wait > 0) await pause(wait);
      at = timeOf(step, at);
      for (const { samples, make } of mine) {
        yield make(step, at);
        sent += samples;
      }
    }
  }
  const count = Math.min(mostLanes, bodies.length);
  const lanes = Array.from({ length: count }, (_, i) => lane(bodies.filter((_body, each) => each % count === i)));
  return { lanes, sent: () => sent };
}
