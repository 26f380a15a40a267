import { NightshiftError } from '@nightshift/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readJson } from '../body.ts';
import { ArgoCdNotification, changeOfArgoCd } from '../changes/argo-cd.ts';
import type { Change, Ignored } from '../changes/change.ts';
import { changeOfGitHub, checkSignature, DeploymentStatusEvent } from '../changes/github.ts';
import { changeOfPagerDuty, PagerDutyChange } from '../changes/pagerduty-change.ts';
import type { DbClock } from '../clock.ts';
import type { IngestMetrics } from '../metrics.ts';
import type { Store } from '../store.ts';
import { parsed } from './alerts.ts';
import type { AuthorizeEvent } from './authorize.ts';

export type ChangeParts = { clock: DbClock; metrics: IngestMetrics; store: Store };

/** What became of a change that was told. */
export type ChangeAnswer = { id: string; outcome: 'recorded' | 'repeated' } | Ignored;

const bodyBytes = 512 * 1024;
const options = { schema: { hide: true }, bodyLimit: bodyBytes };

/** Writes a change down. Told again, it is `repeated`. */
export async function recordChange(
  { clock, metrics, store }: ChangeParts,
  change: Change | Ignored,
): Promise<ChangeAnswer> {
  const answer = 'ignored' in change ? change : await store.recordChange(change, Math.round(clock.now()));
  metrics.change('ignored' in answer ? `ignored_${answer.ignored}` : answer.outcome);
  return answer;
}

/** `POST /v1/changes/argocd`: the notification in docs/ingest.md. */
export function argoCdRoute(app: FastifyInstance, parts: ChangeParts): void {
  app.post('/v1/changes/argocd', options, async ({ body }, reply) =>
    reply.code(202).send(await recordChange(parts, changeOfArgoCd(parsed(ArgoCdNotification, body)))),
  );
}

/** `POST /v2/change/enqueue`, as PagerDuty's Events API v2 answers it. The token is the routing key. */
export function pagerDutyChangeRoute(
  app: FastifyInstance,
  parts: ChangeParts & { authorizeEvent: AuthorizeEvent },
): void {
  app.post('/v2/change/enqueue', options, async ({ body }, reply) => {
    const event = parsed(PagerDutyChange, body);
    await parts.authorizeEvent(event.routing_key, 'changes');
    await recordChange(parts, changeOfPagerDuty(event));
    return reply.code(202).send({ status: 'success', message: 'Change event processed' });
  });
}

const GitHubQuery = z.object({
  service: z.string().optional(),
  environment: z
    .string()
    .transform((names) => names.split(','))
    .optional(),
});

/** `POST /v1/changes/github?service=…&environment=a,b`: GitHub's webhook, which proves itself by its signature alone. */
export function gitHubRoute(app: FastifyInstance, parts: ChangeParts & { secrets: readonly string[] }): void {
  app.removeAllContentTypeParsers();
  // The signature is over the bytes as they came.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body);
  app.post('/v1/changes/github', options, async ({ headers, query, body }, reply) => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    checkSignature(headers['x-hub-signature-256'], bytes, parts.secrets);
    const { service, environment } = parsed(GitHubQuery, query);
    if (headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
      throw new NightshiftError('MEDIA_UNSUPPORTED', 'choose the content type application/json for the webhook');
    }
    const isOurs = headers['x-github-event'] === 'deployment_status';
    const change = isOurs
      ? changeOfGitHub(parsed(DeploymentStatusEvent, readJson(bytes)), { service, environments: environment })
      : { ignored: 'event' };
    return reply.code(202).send(await recordChange(parts, change));
  });
}
