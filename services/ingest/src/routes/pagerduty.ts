import type { FastifyInstance } from 'fastify';
import { PagerDutyEvent, settleEvent } from '../alerts/pagerduty.ts';
import { reached } from '../store.ts';
import { parsed, type AlertParts } from './alerts.ts';
import type { AuthorizeEvent } from './authorize.ts';

/** PagerDuty's own limit. */
const bodyBytes = 512 * 1024;

/** `POST /v2/enqueue`, as PagerDuty's Events API v2 answers it. The token is the routing key, so that it is known with the body alone. */
export function pagerDutyRoute(app: FastifyInstance, parts: AlertParts & { authorizeEvent: AuthorizeEvent }): void {
  const { clock, db, metrics, kick } = parts;
  app.post('/v2/enqueue', { schema: { hide: true }, bodyLimit: bodyBytes }, async ({ body }, reply) => {
    const event = parsed(PagerDutyEvent, body);
    await parts.authorizeEvent(event.routing_key, 'alerts');
    const { dedupKey, outcome } = await reached(
      db.tx((tx) => settleEvent(tx, event, Math.round(clock.now()), parts.classification())),
    );
    metrics.alert(outcome);
    if (outcome === 'opened' || outcome === 'resolved') kick();
    return reply.code(202).send({ status: 'success', message: 'Event processed', dedup_key: dedupKey });
  });
}
