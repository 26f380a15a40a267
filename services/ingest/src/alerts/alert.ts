import { inputLimits, seriesKey, type Labels, type Severity } from '@nightshift/types';
import { z } from 'zod';
import { seriesRefusal } from '../check.ts';
import type { ServiceOf } from '../service-of.ts';

/** An alert that another system raised, as we see it. */
export type Alert = {
  /** The canonical text of its labels: the same alert through another door has the same. */
  key: string;
  name: string;
  service: string;
  /** Left out where it has none that a person could name. */
  labels?: Labels;
  severity: Severity;
  summary: string;
  /** Epoch ms, by the clock of who raised it. `endedAt` is undefined while it fires. */
  startedAt: number;
  endedAt: number | undefined;
};

export type AlertRefusal = 'bad_labels' | 'no_name' | 'not_severe';

const alertsPerRequest = 1_000;
const summaryChars = 500;

const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const RawAlert = z.object({
  status: z.enum(['firing', 'resolved']).optional(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).nullish(),
  startsAt: Time.optional(),
  endsAt: Time.optional(),
});
export type RawAlert = z.infer<typeof RawAlert>;

/** What Prometheus posts to an Alertmanager: `POST /api/v2/alerts` of its OpenAPI document. */
export const PostableAlerts = z.array(RawAlert).max(alertsPerRequest);

/** The webhook of Alertmanager (version 4), and Grafana's, which has its shape and the version 1. */
export const AlertWebhook = z.object({
  version: z.enum(['1', '4']),
  alerts: z.array(RawAlert).max(alertsPerRequest),
  truncatedAlerts: z.number().optional(),
});

/** Reads one alert at `at` (epoch ms); or says why it means nothing here. */
export function alertOf(raw: RawAlert, at: number, serviceOf: ServiceOf): Alert | AlertRefusal {
  const { alertname: name = '', ...others } = raw.labels;
  if (name === '') return 'no_name';
  if (seriesRefusal(name, raw.labels)) return 'bad_labels';
  const severity = severityOf(raw.labels);
  if (severity === undefined) return 'not_severe';
  const { summary, message, description } = raw.annotations ?? {};
  const year0 = raw.endsAt === undefined || raw.endsAt <= 0;
  const isOver = raw.status === undefined ? !year0 && raw.endsAt! <= at : raw.status === 'resolved';
  return {
    key: seriesKey(name, others as Labels),
    name,
    service: serviceOf(raw.labels as Labels),
    labels: raw.labels as Labels,
    severity,
    summary: storable(summary || message || description || '').slice(0, summaryChars),
    startedAt: Math.min(raw.startsAt ?? at, at + inputLimits.sampleAheadMs),
    endedAt: isOver ? Math.min(year0 ? at : raw.endsAt!, at) : undefined,
  };
}

/** None for what is told for information, such as the alert that always fires to show that alerting works. */
export function severityOf({ severity = 'warning' }: Record<string, string>): Severity | undefined {
  const told = severity.toLowerCase();
  if (/^(none|info|information|informational|debug|ok)$/.test(told)) return undefined;
  return /^(critical|crit|page|error|high|fatal|emergency|disaster|sev-?[012]|p[012])$/.test(told)
    ? 'critical'
    : 'warning';
}

/** Without what Postgres cannot keep. */
export const storable = (text: string) => text.replaceAll(/[\0\uD800-\uDFFF]/gu, '');
