import { now, type Db } from '@nightshift/db';
import { lookAtSeries, seriesByService } from '@nightshift/runtime';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { remembered } from '../overview.ts';
import { parse } from '../parse.ts';
import type { SeriesAnswer, ServicesAnswer } from '../wire.ts';

const text = z.string().min(1).max(256).optional();
const SeriesQuery = z.strictObject({
  service: text,
  name: text,
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** Counting every series is dear where there are many. */
const countMs = 5_000;

/** What arrives: how many series each service has, and a page of them as their detectors have them. */
export function seriesRoutes(api: FastifyInstance, { db }: { db: Db }): void {
  const services = remembered(countMs, () => seriesByService(db));
  api.get('/services', async (): Promise<ServicesAnswer> => ({ now: await now(db), services: await services() }));
  api.get('/series', async (request): Promise<SeriesAnswer> => {
    const page = await lookAtSeries(db, parse(SeriesQuery, request.query));
    return { now: await now(db), ...page };
  });
}
