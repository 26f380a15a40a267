import { now, type Db } from '@nightshift/db';
import { addFreeze, declaredFreezes, endFreeze, listFreezes } from '@nightshift/lifecycle';
import { frozenAt } from '@nightshift/runbooks';
import { NewFreeze, type FreezeFile } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { personOf } from '../access/guard.ts';
import { parse } from '../parse.ts';
import type { FreezeAnswer, FreezesAnswer } from '../wire.ts';

const FreezeId = z.object({ id: z.coerce.number().int().positive() });
const dayMs = 24 * 60 * 60_000;

export type FreezeRoutes = { db: Db; calendar: () => FreezeFile };

/** When nothing is acted upon: what people declare here, and what the calendar says. */
export function freezeRoutes(api: FastifyInstance, { db, calendar }: FreezeRoutes): void {
  api.get('/freezes', async (): Promise<FreezesAnswer> => {
    const at = await now(db);
    const frozen = frozenAt(calendar(), await declaredFreezes(db), at);
    return { now: at, frozen, declared: await listFreezes(db, dayMs), calendar: calendar().freezes };
  });
  api.post('/freezes', async (request): Promise<FreezeAnswer> => {
    return { freeze: await addFreeze(db, parse(NewFreeze, request.body), personOf(request)) };
  });
  api.post('/freezes/:id/end', async (request): Promise<FreezeAnswer> => {
    return { freeze: await endFreeze(db, parse(FreezeId, request.params).id, personOf(request)) };
  });
}
