import type { Db } from '@nightshift/db';
import { NightshiftError, type ClassificationRules } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { AlertWebhook, alertOf, PostableAlerts, type RawAlert } from '../alerts/alert.ts';
import { settleAlert } from '../alerts/settle.ts';
import type { DbClock } from '../clock.ts';
import type { IngestMetrics } from '../metrics.ts';
import { eventCost, type Sender, type Senders } from '../senders.ts';
import type { ServiceOf } from '../service-of.ts';
import { reached } from '../store.ts';

const bodyBytes = 2 * 1024 * 1024;

export type AlertParts = {
  clock: DbClock;
  db: Db;
  metrics: IngestMetrics;
  senders: Senders;
  serviceOf: ServiceOf;
  classification: () => ClassificationRules;
  kick: () => void;
};

/**
 * Alerts of others: the webhooks of Alertmanager (`POST /v1/alerts/alertmanager`) and Grafana (`POST /v1/alerts/grafana`), and what Prometheus posts to an
 * Alertmanager (`POST /api/v2/alerts`). 200 once all are in the database; told again, an alert changes nothing.
 */
export function alertsRoutes(app: FastifyInstance, parts: AlertParts): void {
  const options = { schema: { hide: true }, bodyLimit: bodyBytes };
  const settle = (by: Sender, raws: RawAlert[], sender: string) => {
    parts.senders.spend(by, raws.length * eventCost);
    return settleAll(parts, raws, sender);
  };
  const webhook = (path: string, sender: string) =>
    app.post(path, options, (request) => settle(request.sender, parsed(AlertWebhook, request.body).alerts, sender));
  webhook('/v1/alerts/alertmanager', 'Alertmanager');
  webhook('/v1/alerts/grafana', 'Grafana');
  app.post('/api/v2/alerts', options, (request) =>
    settle(request.sender, parsed(PostableAlerts, request.body), 'Prometheus'),
  );
}

/** How many alerts came to what; those that mean nothing here under the reason. */
type AlertsAnswer = Record<string, number>;

async function settleAll(
  { clock, db, metrics, serviceOf, classification, kick }: AlertParts,
  raws: RawAlert[],
  sender: string,
): Promise<AlertsAnswer> {
  const answer: AlertsAnswer = {};
  const at = Math.round(clock.now());
  const by = { sender, classification: classification() };
  for (const raw of raws) {
    const alert = alertOf(raw, at, serviceOf);
    const outcome = typeof alert === 'string' ? alert : await reached(db.tx((tx) => settleAlert(tx, alert, by)));
    metrics.alert(outcome);
    answer[outcome] = (answer[outcome] ?? 0) + 1;
  }
  if (answer['opened'] || answer['resolved']) kick();
  return answer;
}

/** Throws BODY_INVALID with the field that is wrong. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new NightshiftError('BODY_INVALID', `${issue?.path.join('.') || 'the body'}: ${issue?.message}`.slice(0, 300));
}
