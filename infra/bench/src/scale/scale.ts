import { inHouse } from '../ground/house.ts';
import { layGround } from '../ground/nightshift.ts';
import { makeSeries } from '../load/series.ts';
import { makeTimeline } from '../load/timeline.ts';
import { measureFleet, sizes, type FleetFigure } from './fleets.ts';
import { measureGrowth, type Growth } from './growth.ts';
import { measureTakeovers, type Takeover } from './takeover.ts';

export const scaleUsage = `bench scale [--quick] [--json]
  Samples per second and processor time per sample with 1, 2 and 4 detectors and 1 and 2 ingest processes; what a sample and a series cost
  when there are 1,000 to 1,000,000 of them, and how long it takes to save and reload them; how long until the shards of a detector that
  is killed (SIGKILL) or told to stop (SIGTERM) have an owner, and until all that was sent is judged. Takes some 8 minutes.
  --quick  up to 10,000 series and one of each: to try it out
  --json   figures as JSON; the last line holds the ratios`;

const takeovers = 5;

export async function benchScale({ quick }: { quick: boolean }) {
  return inHouse('scale', async (house) => {
    const ground = await layGround(house, { 'detection.yaml': 'schema: 1' });
    const timeline = makeTimeline(23 * 3_600_000);
    const growth: Growth[] = [];
    for (const count of quick ? [1_000, 10_000] : [1_000, 10_000, 100_000])
      growth.push(await measureGrowth(house, ground, count, timeline));
    const series = makeSeries(10_000);
    const fleets: FleetFigure[] = [];
    for (const size of sizes) fleets.push(await measureFleet(house, ground, size, series, timeline, quick ? 10 : 100));
    const signals = (['SIGKILL', 'SIGTERM'] as const).flatMap((signal) =>
      Array.from({ length: quick ? 1 : takeovers }, () => signal),
    );
    const taken = await measureTakeovers(house, ground, series, signals);
    // Last, as its tables are in everybody's way.
    if (!quick) growth.push(await measureGrowth(house, ground, 1_000_000, timeline));
    const figures = { growth, fleets, kill: spanOf(taken.get('SIGKILL')!), stop: spanOf(taken.get('SIGTERM')!) };
    return { ...figures, ratios: ratiosOf(figures) };
  });
}

type Span = Record<keyof Takeover, { p50: number; max: number }> & { trials: number };

function spanOf(taken: Takeover[]): Span {
  const span = (key: keyof Takeover) => {
    const sorted = taken.map((each) => each[key]).sort((a, b) => a - b);
    return { p50: sorted[Math.floor(sorted.length / 2)]!, max: sorted.at(-1)! };
  };
  return { ownedMs: span('ownedMs'), judgedMs: span('judgedMs'), trials: taken.length };
}

const cpuOf = ({ cpuUsPerSample }: FleetFigure) => Object.values(cpuUsPerSample).reduce((sum, us) => sum + us, 0);

/** How much more a sample costs with the most of everything than with the least. */
function ratiosOf({ growth, fleets }: { growth: Growth[]; fleets: FleetFigure[] }) {
  const costs = fleets.map(cpuOf);
  const judged = growth.flatMap(({ judgingUs }) => judgingUs ?? []);
  const learning = growth.flatMap(({ learningUs }) => learningUs ?? []);
  return {
    // Of those that were judged, and from there on of those that learn.
    cpuMostSeriesVsLeast: (judged.at(-1)! / judged[0]!) * ((learning.at(-1) ?? 1) / (learning[0] ?? 1)),
    cpuMostProcessesVsOne: costs.at(-1)! / costs[0]!,
  };
}

export function scaleReport({ growth, fleets, kill, stop, ratios }: Awaited<ReturnType<typeof benchScale>>): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  const times = ({ p50, max }: { p50: number; max: number }) => `${whole(p50)} / ${whole(max)} ms`;
  return [
    '10000 series, 500 samples a request, 4 shards',
    '',
    '| detectors | ingest | samples/s | CPU us/sample | by process |',
    '|---|---|---|---|---|',
    ...fleets.map((each) => {
      const parts = Object.entries(each.cpuUsPerSample).map(([name, us]) => `${name} ${us.toFixed(2)}`);
      return `| ${each.detectors} | ${each.ingests} | ${whole(each.samplesPerSecond)} | ${cpuOf(each).toFixed(2)} | ${parts.join(', ')} |`;
    }),
    '',
    '| series | us/sample, learning | judging | ingest, MB | detector, MB | state, bytes/series | saved, s | loaded, s | snapshot, MB | reloaded |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...growth.map(
      (each) =>
        `| ${whole(each.series)} | ${each.learningUs?.toFixed(2) ?? '-'} | ${each.judgingUs?.toFixed(2) ?? '-'} | ${whole(each.ingestMb)} | ${whole(each.detectorMb)} | ${whole(each.stateBytesPerSeries)} | ${each.saveSeconds.toFixed(1)} | ${each.loadSeconds.toFixed(1)} | ${each.snapshotMb.toFixed(1)} | ${whole(each.reloaded)} |`,
    ),
    '',
    '| of two detectors, under load | p50 / max until its shards have an owner | until all that was sent is judged | trials | goal |',
    '|---|---|---|---|---|',
    `| one is killed (SIGKILL) | ${times(kill.ownedMs)} | ${times(kill.judgedMs)} | ${kill.trials} | 12 s |`,
    `| one is told to stop (SIGTERM) | ${times(stop.ownedMs)} | ${times(stop.judgedMs)} | ${stop.trials} | 2 s |`,
    '',
    `processor time per sample: with the most series ${ratios.cpuMostSeriesVsLeast.toFixed(2)} times that with the least (goal: at most 2), with the most processes ${ratios.cpuMostProcessesVsOne.toFixed(2)} times that with one each`,
  ].join('\n');
}
