import { startFleet, type Fleet } from '../ground/fleet.ts';
import type { House } from '../ground/house.ts';
import { residentMb } from '../ground/memory.ts';
import { readCounter, type Ground } from '../ground/nightshift.ts';
import { pusher } from '../load/push.ts';
import { makeSeries } from '../load/series.ts';
import type { Timeline } from '../load/timeline.ts';

/** What samples and series cost when there are so many. */
export type Growth = {
  series: number;
  /** Microseconds of processor time per sample, all processes, while series are young (null: too few to tell) and once they are judged (null: not waited for). */
  learningUs: number | null;
  judgingUs: number | null;
  /** Resident memory of the processes, and of it what the series are by the detector's own account. */
  ingestMb: number;
  detectorMb: number;
  stateBytesPerSeries: number;
  /** Seconds from the signal to stop until all is saved and the process is gone, and from the start of the next until it owns all. */
  saveSeconds: number;
  loadSeconds: number;
  snapshotMb: number;
  /** Series that the next one knows. */
  reloaded: number;
};

/** What a limit of memory would hold back is what this is about; so is the time to save. */
const env = { INGEST_SERIES_CACHE: '10000000', SHUTDOWN_MS: '120000', KEEP_SAMPLES_HOURS: '0' };
const youngSteps = 4;
const lessons = 32;
/** Samples that a cost is measured by, at least. */
const leastSamples = 500_000;

export async function measureGrowth(house: House, ground: Ground, count: number, timeline: Timeline): Promise<Growth> {
  await ground.postgres.db.query('UPDATE shard SET state = NULL, signals = NULL');
  const series = makeSeries(count);
  const fleet = await startFleet(house, ground, { ingests: 1, detectors: 1 }, env);
  const pushing = pusher(house, fleet, series);
  const push = (steps: number) => pushing(timeline.next(steps));
  const costOf = async (steps: number) => {
    const { cpuUs } = await push(steps);
    return Object.values(cpuUs).reduce((sum, us) => sum + us, 0) / (steps * count);
  };
  house.say(`${count.toLocaleString('en')} series: registering`);
  await push(1);
  const steps = Math.ceil(leastSamples / count);
  const learningUs = youngSteps * count >= leastSamples / 2 ? await costOf(youngSteps) : (await push(youngSteps), null);
  const isJudged = count <= 100_000;
  if (isJudged) await push(lessons - youngSteps);
  const judgingUs = isJudged ? await costOf(Math.max(youngSteps, steps)) : null;
  const [ingestMb, detectorMb] = [fleet.ingests[0]!, fleet.detectors[0]!].map(({ child }) => residentMb(child.pid));
  const bytes = await totalOf(fleet, 'nightshift_state_bytes');
  const { saveSeconds, ...rest } = await saveAndLoad(house, ground, fleet);
  house.say(
    `${count.toLocaleString('en')} series: ${(judgingUs ?? learningUs)!.toFixed(2)} us/sample, saved in ${saveSeconds.toFixed(1)} s`,
  );
  return {
    series: count,
    learningUs,
    judgingUs,
    ingestMb: ingestMb!,
    detectorMb: detectorMb!,
    stateBytesPerSeries: bytes / count,
    saveSeconds,
    ...rest,
  };
}

async function saveAndLoad(house: House, ground: Ground, fleet: Fleet) {
  const saved = performance.now();
  await fleet.detectors[0]!.child.stop('SIGTERM', 120_000);
  const saveSeconds = (performance.now() - saved) / 1_000;
  await fleet.stop();
  const rows = await ground.postgres.db.query<{ bytes: number | null }>(
    'SELECT octet_length(state) AS bytes FROM shard',
  );
  const loading = performance.now();
  const next = await startFleet(house, ground, { ingests: 0, detectors: 1 }, env);
  const loadSeconds = (performance.now() - loading) / 1_000;
  let reloaded = 0;
  for (let i = 0; i < 20 && reloaded === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    reloaded = await totalOf(next, 'nightshift_series');
  }
  await next.stop();
  return {
    saveSeconds,
    loadSeconds,
    snapshotMb: rows.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0) / 1_048_576,
    reloaded,
  };
}

const totalOf = async ({ detectors }: Fleet, metric: string) =>
  [...(await readCounter(detectors, metric, 'shard')).values()].reduce((sum, value) => sum + value, 0);
