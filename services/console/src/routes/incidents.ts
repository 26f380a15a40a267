import type { Db } from '@nightshift/db';
import { now } from '@nightshift/db';
import { step } from '@nightshift/lifecycle';
import { explain } from '@nightshift/runbooks';
import { NightshiftError, type IncidentEvent } from '@nightshift/types';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { personOf } from '../access/guard.ts';
import { readIncident } from '../incidents/detail.ts';
import { ListQuery, listIncidents } from '../incidents/list.ts';
import { readPoints } from '../incidents/points.ts';
import { parse } from '../parse.ts';
import type { PointsAnswer, RecoveryRule } from '../wire.ts';

const Id = z.object({ id: z.string().min(1).max(64) });
const PointsQuery = z.strictObject({
  series: z.coerce.number().int().positive(),
  since: z.coerce.number().int().min(0).max(8.64e15).default(0),
});
const Reason = z.strictObject({ reason: z.string().trim().max(1_000).default('') });

export type IncidentRoutes = { db: Db; kick: () => void; recoveryRule: () => RecoveryRule | null };

/** Reading incidents, and what a person may say about one at any time. */
export function incidentRoutes(api: FastifyInstance, { db, kick, recoveryRule }: IncidentRoutes): void {
  api.get('/incidents', (request) => listIncidents(db, parse(ListQuery, request.query)));
  api.get('/incidents/:id', (request) => readIncident(db, parse(Id, request.params).id, recoveryRule()));
  api.get('/incidents/:id/explanation', (request) => explain(db, parse(Id, request.params).id));
  api.get('/incidents/:id/points', async (request): Promise<PointsAnswer> => {
    const { series, since } = parse(PointsQuery, request.query);
    return { now: await now(db), points: await readPoints(db, parse(Id, request.params).id, series, since) };
  });

  const says = (path: string, eventOf: (by: string, reason: string) => IncidentEvent) =>
    api.post(`/incidents/:id/${path}`, async (request) => {
      const [{ id }, { reason }, by] = [parse(Id, request.params), parse(Reason, request.body), personOf(request)];
      const result = await step(db, id, eventOf(by, reason), { actor: by });
      if (!result.accepted) throw new NightshiftError('CONFLICT', result.reason);
      kick();
      return { incident: result.incident };
    });
  says('acknowledge', (by) => ({ kind: 'acknowledged', by }));
  says('resolve', (by, reason) => ({ kind: 'resolved_by_person', by, reason }));
  says('false-positive', (by, reason) => ({ kind: 'marked_false_positive', by, reason }));
}
