import type { Db } from '@nightshift/db';
import { ExactName, NightshiftError, type ClassificationRules } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { beat, forget } from '../heartbeats/heartbeats.ts';
import { reached } from '../store.ts';
import { parsed } from './alerts.ts';

const week = 7 * 24 * 3_600;

const Beat = z.object({
  name: ExactName,
  intervalSeconds: z.coerce.number().int().min(5).max(week),
  service: ExactName.optional(),
});

/** `POST /v1/heartbeats/NAME?intervalSeconds=…&service=…`: a sign of life, which needs no body. `DELETE` ends the promise. */
export function heartbeatsRoutes(
  app: FastifyInstance,
  { db, classification, kick }: { db: Db; classification: () => ClassificationRules; kick: () => void },
): void {
  const path = '/v1/heartbeats/:name';
  const options = { schema: { hide: true }, bodyLimit: 64 * 1024 };
  app.post(path, options, async ({ params, query }, reply) => {
    const { name, intervalSeconds, service = name } = parsed(Beat, { ...(query as object), ...(params as object) });
    const given = { name, service, intervalMs: intervalSeconds * 1_000 };
    const outcome = await reached(db.tx((tx) => beat(tx, given, classification())));
    if (outcome === 'back') kick();
    return reply.code(outcome === 'first' ? 201 : 200).send({ name, service, intervalSeconds });
  });
  app.delete(path, options, async ({ params }, reply) => {
    const { name } = params as { name: string };
    if (await reached(db.tx((tx) => forget(tx, name, classification())))) return reply.code(204).send();
    throw new NightshiftError('NOT_FOUND', `there is no heartbeat ${JSON.stringify(name.slice(0, 128))}`);
  });
}
