import type { Db } from '@nightshift/db';
import { newId, type Page } from '@nightshift/types';

/** A page to one person that was sent, as escalation writes it. */
export async function insertPage(
  db: Db,
  incidentId: string,
  given: { recipient?: string; headline?: string; level?: number } = {},
): Promise<void> {
  const page: Page = {
    incidentId,
    service: 'shop-api',
    severity: 'critical',
    headline:
      given.headline ??
      'shop-api: too many errors: http_error_ratio is 0.42 where 0.012 is normal, since 03:12 UTC (2 min).',
    since: 1_763_900_000_000,
    reason: 'no runbook fits: nothing matches these facts',
    suspectChange: null,
    findings: [{ check: 'http_probe', target: 'shop-api', status: 'down', summary: 'answered 500' }],
    tried: [],
    nextStep: 'Look at shop-api (http_probe is down): answered 500',
    incidentUrl: `http://127.0.0.1:4600/incidents/${incidentId}`,
    acknowledgeUrl: 'http://127.0.0.1:4600/ack?token=signed-for-one-person',
  };
  const id = newId('ntf');
  await db.query(
    `INSERT INTO notification (id, dedup_key, incident_id, level, channel, recipient, page, state, attempts, next_at, sent_at)
     VALUES ($1, $1, $2, $3, 'console', $4, $5, 'sent', 1, nightshift_now(), nightshift_now())`,
    [id, incidentId, given.level ?? 0, given.recipient ?? 'ada', JSON.stringify(page)],
  );
}
