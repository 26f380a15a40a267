import { randomUUID } from 'node:crypto';
import type { Tx } from '@nightshift/db';
import { seriesKey, type ClassificationRules } from '@nightshift/types';
import { z } from 'zod';
import { severityOf, storable, type Alert, type AlertRefusal } from './alert.ts';
import { settleAlert, settleEnd, type AlertOutcome, type Teller } from './settle.ts';

const text = (maxChars: number) => z.string().max(maxChars).transform(storable);

/** An event of PagerDuty's Events API v2 (`POST /v2/enqueue`). The routing key is a token of ours. */
export const PagerDutyEvent = z
  .object({
    routing_key: z.string().max(128),
    event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
    dedup_key: text(255).pipe(z.string().min(1)).optional(),
    payload: z
      .object({
        summary: text(1_024).pipe(z.string().min(1)),
        source: text(255).pipe(z.string().min(1)),
        severity: z.enum(['critical', 'error', 'warning', 'info']),
        component: text(255).optional(),
        class: text(255).optional(),
      })
      .optional(),
  })
  .refine((event) => event.event_action !== 'trigger' || event.payload !== undefined, {
    error: 'an event that triggers needs a payload',
    path: ['payload'],
  })
  .refine((event) => event.event_action === 'trigger' || event.dedup_key !== undefined, {
    error: 'which event is meant?',
    path: ['dedup_key'],
  });
export type PagerDutyEvent = z.infer<typeof PagerDutyEvent>;

/** Settles an event at `at` (epoch ms). Its service is its component, else its source. Acknowledging is left to the people here. */
export async function settleEvent(
  tx: Tx,
  event: PagerDutyEvent,
  at: number,
  classification: ClassificationRules,
): Promise<{ dedupKey: string; outcome: AlertOutcome | AlertRefusal | 'acknowledged' }> {
  const dedupKey = event.dedup_key ?? randomUUID();
  const key = seriesKey('pagerduty', { dedup_key: dedupKey });
  const { payload, event_action: action } = event;
  const by: Teller = { sender, classification };
  if (action === 'acknowledge') return { dedupKey, outcome: 'acknowledged' };
  if (action === 'trigger' && payload) {
    const severity = severityOf(payload);
    if (severity === undefined) return { dedupKey, outcome: 'not_severe' };
    const name = (payload.class || payload.summary).slice(0, 200);
    const service = payload.component || payload.source;
    const { summary } = payload;
    const alert: Alert = { key, name, service, severity, summary, startedAt: at, endedAt: undefined };
    return { dedupKey, outcome: await settleAlert(tx, alert, by) };
  }
  return { dedupKey, outcome: await settleEnd(tx, key, at, by) };
}

const sender = 'PagerDuty event';
