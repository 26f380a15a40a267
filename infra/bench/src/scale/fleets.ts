import { startFleet } from '../ground/fleet.ts';
import type { House } from '../ground/house.ts';
import type { Ground } from '../ground/nightshift.ts';
import { pusher } from '../load/push.ts';
import type { BenchSeries } from '../load/series.ts';
import type { Timeline } from '../load/timeline.ts';

/** Samples a second and processor time per sample, of so many processes. */
export type FleetFigure = {
  detectors: number;
  ingests: number;
  samplesPerSecond: number;
  cpuUsPerSample: Record<string, number>;
};

export const sizes = [1, 2, 4].flatMap((detectors) => [1, 2].map((ingests) => ({ detectors, ingests })));
const warmSteps = 10;

export async function measureFleet(
  house: House,
  ground: Ground,
  size: { detectors: number; ingests: number },
  series: BenchSeries[],
  timeline: Timeline,
  steps: number,
): Promise<FleetFigure> {
  const fleet = await startFleet(house, ground, size);
  const push = pusher(house, fleet, series);
  await push(timeline.next(warmSteps));
  const { seconds, cpuUs } = await push(timeline.next(steps));
  await fleet.stop();
  const samples = steps * series.length;
  const figure = {
    ...size,
    samplesPerSecond: samples / seconds,
    cpuUsPerSample: Object.fromEntries(Object.entries(cpuUs).map(([name, us]) => [name, us / samples])),
  };
  house.say(`${size.detectors} detectors, ${size.ingests} ingest: ${Math.round(figure.samplesPerSecond)} samples/s`);
  return figure;
}
