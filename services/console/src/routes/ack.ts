import { now, type Db } from '@nightshift/db';
import { findIncident, step } from '@nightshift/lifecycle';
import { verifyLink } from '@nightshift/runtime';
import { NightshiftError, type Incident } from '@nightshift/types';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { formPolicy } from '../access/headers.ts';
import { ackPage, ackStyleSha256, type AckPage } from './ack-page.ts';

export type AckOptions = { db: Db; secret: string; kick: () => void };

const bodyBytes = 4_096;

/**
 * /ack?token=…, the signed link of a page; the token itself is the permission, so no log-in is needed at 3 a.m. on a phone. GET only
 * shows a button, because mail scanners and previews follow links; POST acknowledges, in the name the link was signed for.
 */
export async function ackRoutes(app: FastifyInstance, options: AckOptions): Promise<void> {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', formPolicy(ackStyleSha256));
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: bodyBytes },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );

  app.get('/ack', async (request, reply) => {
    const token = tokenIn(request.query);
    return answer(reply, async () => {
      const { incident, by } = await open(options, token);
      if (isOver(incident)) return over(incident);
      if (incident.acknowledgedBy !== null) return taken(incident, incident.acknowledgedBy);
      const { title, service, state } = incident;
      return { kind: 'ask', title, service, state, by, token, incidentUrl: urlOf(incident) };
    });
  });

  app.post('/ack', { bodyLimit: bodyBytes }, async (request, reply) => {
    const token = tokenIn(request.body);
    return answer(reply, async () => {
      const { incident, by } = await open(options, token);
      const result = await step(options.db, incident.id, { kind: 'acknowledged', by }, { actor: by });
      options.kick();
      if (result.accepted) return taken(result.incident, by);
      const present = (await findIncident(options.db, incident.id)) ?? incident;
      return present.acknowledgedBy !== null && !isOver(present)
        ? taken(present, present.acknowledgedBy)
        : over(present);
    });
  });
}

async function open({ db, secret }: AckOptions, token: string): Promise<{ incident: Incident; by: string }> {
  const { incidentId, by } = verifyLink(secret, token, { purpose: 'ack', at: await now(db) });
  const incident = await findIncident(db, incidentId);
  if (!incident) throw new NightshiftError('NOT_FOUND', 'This incident is gone.');
  return { incident, by };
}

async function answer(reply: FastifyReply, work: () => Promise<AckPage>): Promise<FastifyReply> {
  reply.type('text/html; charset=utf-8');
  try {
    return reply.send(ackPage(await work()));
  } catch (error) {
    if (!(error instanceof NightshiftError) || error.status >= 500) throw error;
    const message = error.code === 'LINK_INVALID' ? 'This link is not valid, or no longer.' : error.message;
    return reply.code(error.status).send(ackPage({ kind: 'refused', message, help: error.help }));
  }
}

const isOver = ({ state }: Incident) => state === 'resolved' || state === 'closed';
const urlOf = ({ id }: Incident) => `/incidents/${encodeURIComponent(id)}`;
const over = (incident: Incident): AckPage => ({
  kind: 'over',
  title: incident.title,
  state: incident.state,
  incidentUrl: urlOf(incident),
});
const taken = (incident: Incident, by: string): AckPage => ({
  kind: 'taken',
  title: incident.title,
  by,
  incidentUrl: urlOf(incident),
});

function tokenIn(from: unknown): string {
  const token = (from as { token?: unknown } | null | undefined)?.token;
  return typeof token === 'string' ? token : '';
}
