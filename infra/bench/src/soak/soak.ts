import { startFleet, type Fleet } from '../ground/fleet.ts';
import { inHouse, type House } from '../ground/house.ts';
import { layGround } from '../ground/nightshift.ts';
import { presentFor } from '../load/flow.ts';
import { pusher } from '../load/push.ts';
import { makeSeries } from '../load/series.ts';
import { makeTimeline } from '../load/timeline.ts';
import { slopeOf } from './slope.ts';
import { watch, type Look } from './watch.ts';

export const soakUsage = `bench soak [--minutes N] [--quick] [--json]
  Samples of the present of 10,000 series from remote write to the verdict, at half of the rate that is the most (found first), for so long.
  Looks at memory, descriptors, connections and the sizes of tables meanwhile, prints the slope of each process' memory after the warm-up
  (the first third) with its 95% interval, and counts whether every sample that was taken has a verdict.
  --minutes N  1 to 1,440 (default: 30)
  --quick      one minute: to try it out
  --json       figures as JSON; the last line holds slopes and counts`;

const seriesCount = 10_000;
/** Steps of the past that a series is taught, ten seconds apart: what begins at the highest rate would know no other. */
const lessons = 60;
const topSeconds = 20;
/** Small enough that the recording of samples reaches its limit while it warms up. */
const env = { KEEP_SAMPLES_MB: '32' };
const looks = { most: 400, everyMs: { least: 1_000, most: 5_000 } };

export async function benchSoak({ quick, minutes }: { quick: boolean; minutes: number }) {
  const lastsMinutes = quick ? 1 : minutes;
  if (!(lastsMinutes >= 1 && lastsMinutes <= 1_440)) throw new Error('--minutes must be a number from 1 to 1440');
  return inHouse('soak', async (house) => {
    const series = makeSeries(seriesCount);
    const ground = await layGround(house, { 'detection.yaml': 'schema: 1' });
    const fleet = await startFleet(house, ground, { ingests: 1, detectors: 1 }, env);
    const push = pusher(house, fleet, series);
    house.say('teaching, then looking for the highest rate');
    await push(makeTimeline(lessons * 10_000).next(lessons));
    const fastest = await push(presentFor(quick ? topSeconds / 4 : topSeconds));
    const top = fastest.sent / fastest.seconds;
    const rate = top / 2;
    house.say(`at most ${Math.round(top)} samples/s: ${lastsMinutes} minutes at ${Math.round(rate)}`);
    const everyMs = Math.min(Math.max((lastsMinutes * 60_000) / looks.most, looks.everyMs.least), looks.everyMs.most);
    const watching = await watch(house, ground, fleet, everyMs);
    const progress = setInterval(() => tell(house, watching.last()), 60_000);
    house.onClose(() => clearInterval(progress));
    const soaked = await push({ ...presentFor(lastsMinutes * 60), stepMs: (seriesCount / rate) * 1_000 });
    const seen = watching.stop();
    const account = await accountOf(fleet, soaked.pushed);
    return {
      minutes: lastsMinutes,
      top,
      ...soaked,
      samplesPerSecond: soaked.sent / soaked.seconds,
      ...account,
      ...figuresOf(seen),
    };
  });
}

function tell(house: House, look: Look | undefined) {
  if (!look) return;
  const memory = Object.entries(look.memoryMb).map(([name, mb]) => `${name} ${mb.toFixed(0)}`);
  house.say(`${(look.hours * 60).toFixed(0)} min: MB ${memory.join(', ')}`);
}

/** Whether every sample that was answered with 2xx has been judged, or refused and counted. */
async function accountOf(fleet: Fleet, pushed: number) {
  const outcomes = await fleet.outcomes();
  const of = (...names: string[]) => names.reduce((sum, name) => sum + (outcomes.get(name) ?? 0), 0);
  const judged = of('normal', 'learning', 'anomalous');
  // What a sender repeats after a 503 comes twice; that is beyond what was pushed.
  const repeated = of('duplicate');
  const refused = [...outcomes.values()].reduce((sum, count) => sum + count, 0) - judged - repeated;
  const lost = pushed - judged - refused;
  if (lost !== 0) process.exitCode = 1;
  return { pushed, judged, refused, repeated, lost, outcomes: Object.fromEntries(outcomes) };
}

function figuresOf(seen: Look[]) {
  const calm = seen.filter(({ hours }) => hours >= seen.at(-1)!.hours / 3);
  const [first, last] = [calm[0]!, calm.at(-1)!];
  const range = (read: (look: Look) => number) => {
    const values = calm.map(read);
    return { first: values[0]!, last: values.at(-1)!, least: Math.min(...values), most: Math.max(...values) };
  };
  const names = Object.keys(first.memoryMb);
  return {
    memory: names.map((name) => ({
      name,
      ...range(({ memoryMb }) => memoryMb[name]!),
      slope: slopeOf(calm.map(({ hours, memoryMb }) => ({ hours, value: memoryMb[name]! }))),
    })),
    redisUsed: {
      ...range(({ redisMb }) => redisMb),
      slope: slopeOf(calm.map(({ hours, redisMb }) => ({ hours, value: redisMb }))),
    },
    descriptors: Object.keys(first.descriptors).map((name) => ({ name, ...range((look) => look.descriptors[name]!) })),
    connections: {
      postgres: range(({ connections }) => connections.postgres),
      redis: range(({ connections }) => connections.redis),
    },
    tables: Object.entries(last.tablesMb)
      .map(([name, mb]) => ({ name, first: first.tablesMb[name] ?? 0, last: mb }))
      .filter((table) => table.last > 1 || table.last - table.first > 0.1),
  };
}

type Figures = Awaited<ReturnType<typeof benchSoak>>;

export function soakReport(figures: Figures): string {
  const { minutes, top, samplesPerSecond, pushed, judged, refused, repeated, lost, seconds, cpuUs } = figures;
  const samples = samplesPerSecond * seconds;
  const mb = (value: number) => value.toFixed(1);
  const slope = ({ perHour, plusMinus }: Figures['redisUsed']['slope']) =>
    `${perHour.toFixed(1)} ± ${plusMinus.toFixed(1)}`;
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  type Range = { first: number; last: number; least: number; most: number };
  const counts = ({ least, most, last }: Range) => `${least} to ${most}, ${last} at the end`;
  return [
    `${minutes} minutes, ${seriesCount} series, ${whole(samplesPerSecond)} samples/s: half of ${whole(top)}; after the first third:`,
    '',
    '| memory | MB at first | at the end | least to most | slope, MB/h (95%) |',
    '|---|---|---|---|---|',
    ...[...figures.memory, { name: "redis' data", ...figures.redisUsed }].map(
      (each) =>
        `| ${each.name} | ${mb(each.first)} | ${mb(each.last)} | ${mb(each.least)} to ${mb(each.most)} | ${slope(each.slope)} |`,
    ),
    '',
    '| | |',
    '|---|---|',
    ...figures.descriptors.map(({ name, ...range }) => `| descriptors of ${name} | ${counts(range)} |`),
    `| connections to Postgres | ${counts(figures.connections.postgres)} |`,
    `| connections to Redis | ${counts(figures.connections.redis)} |`,
    ...figures.tables.map(({ name, first, last }) => `| table ${name} | ${mb(first)} MB, ${mb(last)} at the end |`),
    ...Object.entries(cpuUs).map(
      ([name, us]) => `| processor time of ${name} | ${(us / samples).toFixed(2)} us/sample |`,
    ),
    '',
    `${whole(pushed)} samples taken, ${whole(judged)} judged, ${whole(refused)} refused and counted, ${whole(lost)} lost; ${whole(repeated)} came twice and counted once`,
  ].join('\n');
}
