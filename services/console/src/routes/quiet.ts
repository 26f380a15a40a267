import { now, type Db } from '@nightshift/db';
import { addSilence, endSilence, listSilences, readBreaches } from '@nightshift/lifecycle';
import { NewSilence } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { personOf } from '../access/guard.ts';
import { parse } from '../parse.ts';
import type { SilenceAnswer, SilencesAnswer, WhyNotAnswer } from '../wire.ts';

const SilenceId = z.object({ id: z.coerce.number().int().positive() });
const dayMs = 24 * 60 * 60_000;
const text = z.string().min(1).max(256).optional();
const WhyNotQuery = z.strictObject({
  service: text,
  metric: text,
  sinceMs: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(7 * dayMs)
    .default(60 * 60_000),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** What opens no incident: silences, which a person adds and ends, and every breach that was held, with the reason. */
export function quietRoutes(api: FastifyInstance, { db }: { db: Db }): void {
  api.get('/silences', async (): Promise<SilencesAnswer> => {
    return { now: await now(db), silences: await listSilences(db, dayMs) };
  });
  api.post('/silences', async (request): Promise<SilenceAnswer> => {
    return { silence: await addSilence(db, parse(NewSilence, request.body), personOf(request)) };
  });
  api.post('/silences/:id/end', async (request): Promise<SilenceAnswer> => {
    return { silence: await endSilence(db, parse(SilenceId, request.params).id, personOf(request)) };
  });
  api.get('/why-not', async (request): Promise<WhyNotAnswer> => {
    return { now: await now(db), breaches: await readBreaches(db, parse(WhyNotQuery, request.query)) };
  });
}
