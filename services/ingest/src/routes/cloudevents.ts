import { NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { alertOf } from '../alerts/alert.ts';
import { ignored } from '../changes/change.ts';
import { isCDEvent, readCDEvent } from '../cloudevents/cdevents.ts';
import { alertOfEvent, changeOfEvent, ownTypes } from '../cloudevents/own.ts';
import { CloudEvent, readCloudEvents } from '../cloudevents/read.ts';
import { eventCost } from '../senders.ts';
import { parsed } from './alerts.ts';
import { settleEach, settleTold, type Told, type ToldParts } from './told.ts';

const bodyBytes = 2 * 1024 * 1024;

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
export function cloudEventsRoute(app: FastifyInstance, parts: ToldParts): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);
  app.post('/v1/cloudevents', { schema: { hide: true }, bodyLimit: bodyBytes }, async (request, reply) => {
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const { environment } = parsed(Query, request.query);
    const events = readCloudEvents(request.headers, bytes);
    parts.senders.spend(request.sender, events.length * eventCost);
    const settle = (raw: unknown) => settleTold(toldBy(raw, environment, parts), 'CloudEvent', parts);
    return reply.code(202).send(await settleEach(events, settle, parts));
  });
}

/** What one event tells. Throws BODY_INVALID. */
function toldBy(raw: unknown, environments: string[] | undefined, { clock, serviceOf }: ToldParts): Told {
  const event = parsed(CloudEvent, raw);
  const at = Math.round(clock.now());
  return understood(() => {
    if (event.type === ownTypes.deployment) return changeOfEvent(event);
    if (event.type === ownTypes.alert) return { alert: alertOf(alertOfEvent(event), at, serviceOf) };
    return isCDEvent(event.type) ? readCDEvent(event, at, environments) : ignored('type');
  });
}

/** Data that are not what their type says are the sender's fault: throws BODY_INVALID. */
export function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    throw new NightshiftError('BODY_INVALID', `data.${issue?.path.join('.')}: ${issue?.message}`);
  }
}
