import type { Metrics } from '@nightshift/runtime';
import { Counter, Gauge } from 'prom-client';
import type { MemoryLimits } from './memory.ts';

/** What the detector tells of itself. */
export function detectorMetrics({ registry }: Metrics, limits: MemoryLimits) {
  const registers = [registry];
  const limit = (name: string, help: string, value: number) => new Gauge({ name, help, registers }).set(value);
  limit('nightshift_series_limit', 'New series beyond this many are refused', limits.series);
  limit('nightshift_state_limit_bytes', 'New series are refused where their state would take more', limits.bytes);
  return {
    samples: new Counter({
      name: 'nightshift_samples_total',
      help: 'Samples by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    series: new Gauge({ name: 'nightshift_series', help: 'Series held, by shard', labelNames: ['shard'], registers }),
    stateBytes: new Gauge({
      name: 'nightshift_state_bytes',
      help: 'Memory of what was learned of series, by shard',
      labelNames: ['shard'],
      registers,
    }),
    waiting: new Gauge({
      name: 'nightshift_shard_jobs',
      help: 'Batches that wait for this detector or are at work, by shard',
      labelNames: ['shard'],
      registers,
    }),
    running: new Gauge({
      name: 'nightshift_anomalies_running',
      help: 'Series outside their band now, by shard',
      labelNames: ['shard'],
      registers,
    }),
    incidents: new Counter({
      name: 'nightshift_detections_total',
      help: 'What anomalies of a service led to',
      labelNames: ['outcome'],
      registers,
    }),
    recorded: new Counter({
      name: 'nightshift_samples_recorded_total',
      help: 'Samples kept for backtests, or lost to them because the database was slow or away',
      labelNames: ['outcome'],
      registers,
    }),
    snapshotBytes: new Gauge({
      name: 'nightshift_snapshot_bytes',
      help: 'Size of the last snapshot, by shard',
      labelNames: ['shard'],
      registers,
    }),
  };
}
export type DetectorMetrics = ReturnType<typeof detectorMetrics>;
