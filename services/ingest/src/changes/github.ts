import { createHmac, timingSafeEqual } from 'node:crypto';
import { NightshiftError } from '@nightshift/types';
import { z } from 'zod';
import { changeOf, ignored, IsoTime, linkOf, shortened, type Change, type Ignored } from './change.ts';

/** What we read of the webhook `deployment_status` (docs.github.com/webhooks/webhook-events-and-payloads#deployment_status). */
export const DeploymentStatusEvent = z.object({
  deployment_status: z.object({
    state: z.string(),
    created_at: IsoTime,
    log_url: z.string().nullish(),
    target_url: z.string().nullish(),
  }),
  deployment: z.object({
    id: z.number().int(),
    sha: z.string(),
    environment: z.string(),
    production_environment: z.boolean().nullish(),
    payload: z.unknown(),
    creator: z.object({ login: z.string() }).nullish(),
  }),
  repository: z.object({ name: z.string(), full_name: z.string() }),
});
export type DeploymentStatusEvent = z.infer<typeof DeploymentStatusEvent>;

/** A deployment's payload is whatever its creator put there; these we understand. */
const OwnPayload = z
  .object({ service: z.string().optional(), version: z.string().optional(), previousVersion: z.string().optional() })
  .catch({});

/** What the webhook's URL may say: whose deployments these are, and which environments count. */
export type GitHubOptions = { service?: string | undefined; environments?: string[] | undefined };

/**
 * The change that an event tells of. A deployment counts once it is under way, since it may do its harm before it ends; what comes of it later is the same one.
 * Throws BODY_INVALID where the service has no usable name.
 */
export function changeOfGitHub(event: DeploymentStatusEvent, options: GitHubOptions): Change | Ignored {
  const { deployment, deployment_status: status, repository } = event;
  if (status.state !== 'in_progress' && status.state !== 'success') return ignored('state');
  if (!counts(deployment, options.environments)) return ignored('environment');
  const own = OwnPayload.parse(fromJson(deployment.payload));
  return changeOf({
    service: options.service ?? own.service ?? repository.name,
    version: shortened(own.version ?? deployment.sha),
    previousVersion: shortened(own.previousVersion),
    deployedAt: status.created_at,
    by: shortened(deployment.creator?.login),
    url: linkOf(status.log_url || status.target_url),
    origin: `github ${repository.full_name} ${deployment.id}`,
  });
}

/** Without a choice: what GitHub or its name calls production. */
const counts = (
  { environment, production_environment: isProduction }: DeploymentStatusEvent['deployment'],
  chosen: string[] | undefined,
) => (chosen ? chosen.includes(environment) : isProduction === true || /^(production|prod|live)$/i.test(environment));

function fromJson(payload: unknown): unknown {
  if (typeof payload !== 'string') return payload;
  try {
    return JSON.parse(payload);
  } catch {
    return {};
  }
}

/**
 * Checks `X-Hub-Signature-256`: `sha256=` and the HMAC-SHA256 of the body's bytes under one of the secrets, of which two are in force while one replaces the
 * other. Throws AUTH_MISSING or AUTH_INVALID.
 */
export function checkSignature(header: unknown, body: Buffer, secrets: readonly string[]): void {
  if (secrets.length === 0) {
    throw new NightshiftError('AUTH_INVALID', 'webhooks of GitHub are not set up here: INGEST_GITHUB_SECRETS is empty');
  }
  if (typeof header !== 'string' || header === '') {
    throw new NightshiftError('AUTH_MISSING', 'the request has no X-Hub-Signature-256: give the webhook a secret');
  }
  const given = Buffer.from(header);
  const isRight = secrets.some((secret) => {
    const right = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    return right.length === given.length && timingSafeEqual(right, given);
  });
  if (!isRight) throw new NightshiftError('AUTH_INVALID', 'X-Hub-Signature-256 does not fit the body and our secret');
}
