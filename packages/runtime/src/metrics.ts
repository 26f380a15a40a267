import type { Queue } from '@nightshift/queue';
import { jobs, type JobName, type ServiceName } from '@nightshift/types';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type JobOutcome = { job: JobName; outcome: string; durationMs: number; waitMs: number };

/** The metrics that every service has; a service registers its own on `registry`. */
export type Metrics = { registry: Registry; observeJob(outcome: JobOutcome): void; countError(code: string): void };

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMetrics(service: ServiceName): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const duration = new Histogram({
    name: 'nightshift_job_duration_seconds',
    help: 'Time in a job handler, by outcome',
    labelNames: ['job', 'outcome'],
    buckets: seconds,
    registers,
  });
  const wait = new Histogram({
    name: 'nightshift_job_wait_seconds',
    help: 'Time a job waited in its queue',
    labelNames: ['job'],
    buckets: seconds,
    registers,
  });
  const errors = new Counter({
    name: 'nightshift_errors_total',
    help: 'Errors by code',
    labelNames: ['code'],
    registers,
  });
  return {
    registry,
    observeJob({ job, outcome, durationMs, waitMs }) {
      duration.observe({ job, outcome }, durationMs / 1_000);
      wait.observe({ job }, waitMs / 1_000);
    },
    countError: (code) => errors.inc({ code }),
  };
}

/** Depth of the queues that a service consumes, read when scraped. */
export function exportQueueDepth(metrics: Metrics, queue: Queue, service: ServiceName): void {
  const mine = (Object.keys(jobs) as JobName[]).filter((job) => jobs[job].service === service && !jobs[job].sharded);
  if (mine.length === 0) return;
  new Gauge({
    name: 'nightshift_queue_jobs',
    help: 'Jobs in the queues of this service, by state',
    labelNames: ['job', 'state'],
    registers: [metrics.registry],
    async collect() {
      for (const job of mine) {
        const depth = await queue.depth(job).catch(() => null);
        if (!depth) continue;
        for (const state of ['waiting', 'active', 'delayed', 'failed'] as const) this.set({ job, state }, depth[state]);
      }
    },
  });
}
