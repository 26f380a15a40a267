import { now, only, type Sql } from '@nightshift/db';
import { declaredFreezes, readBreaker, readKillSwitch } from '@nightshift/lifecycle';
import type { Queue } from '@nightshift/queue';
import { frozenAt } from '@nightshift/runbooks';
import { jobs, type FreezeFile, type JobName } from '@nightshift/types';
import type { Overview, QueueDepth } from './wire.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const seriesCounted = 1_000;

export type Slow = { week: () => Promise<Overview['week']>; queues: () => Promise<QueueDepth[]> };

/** What is dearer to find out than it changes: asked at most once in two seconds, however many pages want to know. */
export const slowly = (sql: Sql, queue: Queue, shards: number): Slow => ({
  week: remembered(2_000, () => readWeek(sql)),
  queues: remembered(2_000, () => readQueues(queue, shards)),
});

/** The state of the whole installation on one line. */
export async function readOverview(sql: Sql, slow: Slow, calendar: FreezeFile): Promise<Overview> {
  const [services, week, killSwitch, freezes, breaker, queues, series, at] = await Promise.all([
    sql.query<Overview['services'][number] & { acknowledgedBy: string | null }>(
      `SELECT service, state, severity, id AS "incidentId", acknowledged_by AS "acknowledgedBy" FROM incident
        WHERE state NOT IN ('resolved', 'closed') ORDER BY (severity = 'critical') DESC, opened_at DESC LIMIT 1000`,
    ),
    slow.week(),
    readKillSwitch(sql),
    declaredFreezes(sql),
    readBreaker(sql),
    slow.queues(),
    sql.query<{ count: number }>(`SELECT count(*) FROM (SELECT 1 FROM series LIMIT $1) AS counted`, [seriesCounted]),
    now(sql),
  ]);
  return {
    now: at,
    open: services.length,
    critical: services.filter(({ severity }) => severity === 'critical').length,
    waitingForApproval: services.filter(({ state }) => state === 'awaiting_approval').length,
    escalatedUnacknowledged: services.filter(
      ({ state, acknowledgedBy }) => state === 'escalated' && acknowledgedBy === null,
    ).length,
    services: services.map(({ acknowledgedBy: _, ...shown }) => shown),
    week,
    killSwitch,
    breaker,
    frozen: frozenAt(calendar, freezes, at),
    queues,
    series: only(series).count,
  };
}

/** Incidents opened in the last seven days. Time to resolve runs from the first bad sample to the resolution. */
async function readWeek(sql: Sql): Promise<Overview['week']> {
  const since = `nightshift_now() - ${7 * dayMs} * interval '1 millisecond'`;
  const rows = await sql.query<Overview['week']>(
    `SELECT count(*) FILTER (WHERE resolved_at IS NOT NULL AND resolution <> 'false_positive') AS resolved,
            count(*) FILTER (WHERE resolution = 'automated') AS automated,
            count(*) FILTER (WHERE resolution = 'false_positive') AS "falsePositives",
            (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - onset_at) * 1000)
               FILTER (WHERE resolved_at IS NOT NULL AND resolution <> 'false_positive'))::float8 AS "medianToResolveMs",
            (SELECT count(*) FROM notification WHERE state = 'sent' AND sent_at > ${since}) AS pages
       FROM incident WHERE opened_at > ${since}`,
  );
  return only(rows);
}

async function readQueues(queue: Queue, shards: number): Promise<QueueDepth[]> {
  return Promise.all(
    (Object.keys(jobs) as JobName[]).map(async (job) => {
      const parts = jobs[job].sharded ? Array.from({ length: shards }, (_, shard) => shard) : [undefined];
      try {
        const depths = await Promise.all(parts.map((shard) => queue.depth(job, shard)));
        const sum = (state: 'waiting' | 'active' | 'delayed' | 'failed') =>
          depths.reduce((total, depth) => total + depth[state], 0);
        return { job, waiting: sum('waiting'), active: sum('active'), delayed: sum('delayed'), failed: sum('failed') };
      } catch {
        return { job, unreachable: true as const };
      }
    }),
  );
}

/** Asks at most once per `forMs`. A failure is not kept. */
export function remembered<T>(forMs: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let askedAt = 0;
  return () => {
    const at = performance.now();
    if (!answer || at - askedAt > forMs) {
      askedAt = at;
      const asking = ask();
      answer = asking;
      asking.catch(() => {
        if (answer === asking) answer = undefined;
      });
    }
    return answer;
  };
}
