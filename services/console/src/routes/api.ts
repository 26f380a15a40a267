import { now } from '@nightshift/db';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { personOf, requireSession, type Guard } from '../access/guard.ts';
import { logout } from '../access/login.ts';
import { csrfToken } from '../access/session.ts';
import { readInbox } from '../incidents/rows.ts';
import type { Hub } from '../live/hub.ts';
import { liveRoute } from '../live/route.ts';
import { readOverview, type Slow } from '../overview.ts';
import { parse } from '../parse.ts';
import type { Inbox, Me, Overview } from '../wire.ts';
import { decisionRoutes } from './decisions.ts';
import { demoRoutes, type Shop } from './demo.ts';
import { freezeRoutes, type FreezeRoutes } from './freezes.ts';
import { incidentRoutes, type IncidentRoutes } from './incidents.ts';
import { quietRoutes } from './quiet.ts';
import { seriesRoutes } from './series.ts';

export type ApiOptions = IncidentRoutes &
  FreezeRoutes & {
    guard: Guard;
    hub: Hub;
    slow: Slow;
    shop: Shop | null;
    ingestUrl: string | null;
  };

const InboxQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(200).default(50) });

/** Everything under /api: behind a session, and behind proof of our own page for whatever changes something. */
export async function apiRoutes(api: FastifyInstance, options: ApiOptions): Promise<void> {
  const { guard, db, hub, shop } = options;
  requireSession(api, guard);

  api.get('/session', async (request): Promise<Me> => ({
    name: personOf(request),
    csrf: csrfToken(guard.key, request.session!),
    expiresAt: request.session!.expiresAt,
    ingestUrl: options.ingestUrl,
    demo: shop !== null,
  }));
  api.post('/logout', async (_request, reply) => logout(reply).send({ loggedOut: true }));
  api.get('/overview', (): Promise<Overview> => readOverview(db, options.slow, options.calendar()));
  api.get('/inbox', async (request): Promise<Inbox> => {
    const { limit } = parse(InboxQuery, request.query);
    return { now: await now(db), pages: await readInbox(db, limit) };
  });
  liveRoute(api, hub);
  incidentRoutes(api, options);
  decisionRoutes(api, options);
  quietRoutes(api, options);
  freezeRoutes(api, options);
  seriesRoutes(api, options);
  if (shop) demoRoutes(api, shop);
}
