import type { Metrics } from '@nightshift/runtime';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Gate } from './gate.ts';
import type { Flush } from './group-commit.ts';
import type { SeriesRegistry } from './series.ts';

/** What ingest counts. */
export type IngestMetrics = {
  /** Samples of a token of that name. */
  accepted(token: string, samples: number): void;
  /** A request that was turned away for a limit of its sender's token. */
  limited(token: string, limit: string): void;
  refused(reason: string, samples: number): void;
  /** An alert of others, by what became of it or why it means nothing here. */
  alert(outcome: string): void;
  /** A change told by others, by what became of it or why it means nothing here. */
  change(outcome: string): void;
  flushed(flush: Flush): void;
  /** Shows what these know whenever the metrics are read. */
  watch(parts: { gate: Gate; registry: SeriesRegistry }): void;
};

export function createIngestMetrics({ registry }: Metrics): IngestMetrics {
  const registers = [registry];
  const accepted = new Counter({
    name: 'nightshift_ingest_samples_total',
    help: 'Samples that are in the queue',
    registers,
  });
  const byToken = new Counter({
    name: 'nightshift_ingest_token_samples_total',
    help: 'Samples that are in the queue, by the name of the token that sent them',
    labelNames: ['token'],
    registers,
  });
  const limited = new Counter({
    name: 'nightshift_ingest_token_limited_requests_total',
    help: 'Requests turned away for a limit of their token',
    labelNames: ['token', 'limit'],
    registers,
  });
  const refused = new Counter({
    name: 'nightshift_ingest_refused_samples_total',
    help: 'Samples refused, by reason',
    labelNames: ['reason'],
    registers,
  });
  const alerts = new Counter({
    name: 'nightshift_ingest_alerts_total',
    help: 'Alerts of other systems, by what became of them',
    labelNames: ['outcome'],
    registers,
  });
  const changes = new Counter({
    name: 'nightshift_ingest_changes_total',
    help: 'Deployments and other changes that were told, by what became of them',
    labelNames: ['outcome'],
    registers,
  });
  const flushSamples = new Histogram({
    name: 'nightshift_ingest_flush_samples',
    help: 'Samples of one job',
    buckets: [1, 5, 10, 50, 100, 500, 1_000, 2_500, 5_000],
    registers,
  });
  const flushSeconds = new Histogram({
    name: 'nightshift_ingest_flush_duration_seconds',
    help: 'Time a flush took to get into the queue, by outcome',
    labelNames: ['outcome'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5],
    registers,
  });
  return {
    accepted(token, samples) {
      accepted.inc(samples);
      byToken.inc({ token }, samples);
    },
    limited: (token, limit) => limited.inc({ token, limit }),
    refused: (reason, samples) => refused.inc({ reason }, samples),
    alert: (outcome) => alerts.inc({ outcome }),
    change: (outcome) => changes.inc({ outcome }),
    flushed({ samples, sentMs, failed }) {
      flushSamples.observe(samples);
      flushSeconds.observe({ outcome: failed ? 'failed' : 'sent' }, sentMs / 1_000);
    },
    watch(parts) {
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read());
          },
        });
      gauge('nightshift_ingest_series', 'Series registered, as of the last look', () => parts.registry.known());
      gauge('nightshift_ingest_series_cache_steps', 'Names and label values in the cache of series ids', () =>
        parts.registry.recent.size(),
      );
      gauge('nightshift_ingest_inflight_bytes', 'Bytes of requests not answered yet', () => parts.gate.inFlightBytes());
      gauge(
        'nightshift_ingest_lag_seconds',
        'Longest wait of a batch for its detector',
        () => parts.gate.lagMs() / 1_000,
      );
    },
  };
}
