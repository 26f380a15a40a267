import { NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { alertOf, type Alert } from '../alerts/alert.ts';
import { settleAlert, settleEnd } from '../alerts/settle.ts';
import { ignored } from '../changes/change.ts';
import { isCDEvent, readCDEvent } from '../cloudevents/cdevents.ts';
import { alertOfEvent, changeOfEvent, ownTypes } from '../cloudevents/own.ts';
import { CloudEvent, readCloudEvents } from '../cloudevents/read.ts';
import { eventCost } from '../senders.ts';
import { reached } from '../store.ts';
import { parsed, type AlertParts } from './alerts.ts';
import { recordChange, type ChangeParts } from './changes.ts';

const bodyBytes = 2 * 1024 * 1024;
const listed = 100;

type EventParts = AlertParts & ChangeParts;

const Query = z.object({
  environment: z
    .string()
    .transform((names) => names.split(','))
    .optional(),
});

/**
 * `POST /v1/cloudevents?environment=a,b`: CloudEvents in every mode. Those of CDEvents and of Nightshift are alerts or changes, all others mean nothing. 202
 * with how many came to what, once all are in the database; told again, an event changes nothing. 400 if there was none that could be read.
 */
export function cloudEventsRoute(app: FastifyInstance, parts: EventParts): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);
  app.post('/v1/cloudevents', { schema: { hide: true }, bodyLimit: bodyBytes }, async (request, reply) => {
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const { environment } = parsed(Query, request.query);
    const counts: Record<string, number> = {};
    const rejected: { index: number; message: string }[] = [];
    const events = readCloudEvents(request.headers, bytes);
    parts.senders.spend(request.sender, events.length * eventCost);
    for (const [index, raw] of events.entries()) {
      try {
        const outcome = await settleEvent(parsed(CloudEvent, raw), environment, parts);
        counts[outcome] = (counts[outcome] ?? 0) + 1;
      } catch (error) {
        if (!(error instanceof NightshiftError) || error.code !== 'BODY_INVALID') throw error;
        rejected.push({ index, message: error.message });
      }
    }
    if (counts['opened'] || counts['resolved']) parts.kick();
    const refused = { rejected: rejected.slice(0, listed), rejectedTotal: rejected.length };
    if (rejected.length > 0 && Object.keys(counts).length === 0) {
      const first = rejected[0]!;
      throw new NightshiftError('BODY_INVALID', `event ${first.index}: ${first.message}`, { details: refused });
    }
    return reply.code(202).send({ ...counts, ...(rejected.length > 0 ? refused : {}) });
  });
}

/** What became of one event. Throws BODY_INVALID. */
async function settleEvent(event: CloudEvent, environments: string[] | undefined, parts: EventParts): Promise<string> {
  const at = Math.round(parts.clock.now());
  const told = understood(() => {
    if (event.type === ownTypes.deployment) return changeOfEvent(event);
    if (event.type === ownTypes.alert) return { alert: alertOf(alertOfEvent(event), at, parts.serviceOf) };
    return isCDEvent(event.type) ? readCDEvent(event, at, environments) : ignored('type');
  });
  if ('alert' in told || 'ended' in told) {
    const outcome = await settleTold(told, parts);
    parts.metrics.alert(outcome);
    return outcome;
  }
  const answer = await recordChange(parts, told);
  return 'ignored' in answer ? `ignored_${answer.ignored}` : answer.outcome;
}

type Told = { alert: Alert | string } | { ended: string; at: number };
const sender = 'CloudEvent';

async function settleTold(told: Told, { db }: EventParts): Promise<string> {
  if ('ended' in told) return reached(db.tx((tx) => settleEnd(tx, told.ended, told.at, sender)));
  const { alert } = told;
  return typeof alert === 'string' ? alert : reached(db.tx((tx) => settleAlert(tx, alert, sender)));
}

/** Data that are not what their type says are the sender's fault. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    throw new NightshiftError('BODY_INVALID', `data.${issue?.path.join('.')}: ${issue?.message}`);
  }
}
