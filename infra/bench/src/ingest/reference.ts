/**
 * The design that this project set out to replace, in a process of its own: per sample it reads the last 60 values of the metric's
 * Redis list, judges by z-score, and pushes, trims and expires the list. Told how much to do by messages from its parent.
 */
import { Redis } from 'ioredis';

export type Task = { kind: 'fill'; series: number } | { kind: 'judge'; series: number; samples: number };

const redis = new Redis(process.env['REDIS_URL']!);
const inFlight = 64;
const window = 60;
const least = 30;
const kept = 1_440;
const keptSeconds = 48 * 3_600;

const keyOf = (series: number) => `metrics:series_${series}`;

async function observe(series: number, value: number): Promise<number> {
  const key = keyOf(series);
  const history = (await redis.lrange(key, 0, window - 1)).map(Number);
  let z = 0;
  if (history.length >= least) {
    const mean = history.reduce((sum, each) => sum + each, 0) / history.length;
    const variance = history.reduce((sum, each) => sum + (each - mean) ** 2, 0) / history.length;
    z = variance === 0 ? 0 : Math.abs(value - mean) / Math.sqrt(variance);
  }
  await redis.lpush(key, value);
  await redis.ltrim(key, 0, kept - 1);
  await redis.expire(key, keptSeconds);
  return z;
}

/** As many as `inFlight` at a time; returns how many were anomalous. */
async function judge(series: number, samples: number): Promise<number> {
  let next = 0;
  let anomalies = 0;
  const work = async () => {
    while (next < samples) {
      const i = next++;
      if ((await observe(i % series, 100 + Math.random())) > 3) anomalies += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return anomalies;
}

async function fill(series: number): Promise<number> {
  for (let i = 0; i < series; i += 500) {
    const pipeline = redis.pipeline();
    for (let each = i; each < Math.min(series, i + 500); each++) {
      pipeline.lpush(keyOf(each), ...Array.from({ length: window }, () => 100 + Math.random()));
    }
    await pipeline.exec();
  }
  return 0;
}

process.on('message', (task: Task) => {
  const done = task.kind === 'fill' ? fill(task.series) : judge(task.series, task.samples);
  done.then(
    (anomalies) => process.send!({ anomalies }),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true });
