import { setTimeout as pause } from 'node:timers/promises';
import { remoteWrite, samplesPerBody } from './bodies.ts';
import type { BenchSeries } from './series.ts';

/** Samples of the present, made as they are sent: as many lanes as there are bodies in a step, so that a series is always in the same one. */
export type Flow = {
  lanes: AsyncIterable<Buffer>[];
  /** Samples that were answered with 2xx. */
  sent(): number;
};

/** Sends one sample of each series each `stepMs`, or as fast as they are taken (null), until `until` (performance.now()). */
export function makeFlow(series: BenchSeries[], stepMs: number | null, until: number): Flow {
  let sent = 0;
  const started = performance.now();
  async function* lane(from: number): AsyncIterable<Buffer> {
    const mine = series.slice(from, from + samplesPerBody);
    const make = remoteWrite(mine, from);
    let at = 0;
    for (let step = 0; performance.now() < until; step++) {
      const wait = stepMs === null ? 0 : started + step * stepMs - performance.now();
      if (wait > 0) await pause(wait);
      // Two samples of one moment would be one.
      at = Math.max(at + 1, Date.now());
      yield make(step, at);
      sent += mine.length;
    }
  }
  const lanes: AsyncIterable<Buffer>[] = [];
  for (let from = 0; from < series.length; from += samplesPerBody) lanes.push(lane(from));
  return { lanes, sent: () => sent };
}
