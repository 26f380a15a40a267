import { z } from 'zod';

/** "Could not find out" is `unknown`, never `down`. */
export const CheckStatus = z.enum(['ok', 'degraded', 'down', 'unknown']);
export type CheckStatus = z.infer<typeof CheckStatus>;

export const CheckName = z.enum([
  'database_connections',
  'redis_health',
  'disk_usage',
  'recent_deployments',
  'http_probe',
]);
export type CheckName = z.infer<typeof CheckName>;

/** A fact is typed, so that a runbook can match on it. */
export const Facts = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]));
export type Facts = z.infer<typeof Facts>;

export const DiagnosticResult = z.object({
  check: CheckName,
  /** The id of the catalogue target looked at, or the service's name. */
  target: z.string(),
  status: CheckStatus,
  facts: Facts,
  /** Short, redacted, for people. */
  output: z.string(),
  takenAt: z.number(),
  durationMs: z.number(),
});
export type DiagnosticResult = z.infer<typeof DiagnosticResult>;

/** A deployment somebody reported. */
export const Deployment = z.object({
  id: z.string(),
  service: z.string().min(1).max(256),
  version: z.string().min(1).max(256),
  previousVersion: z.string().min(1).max(256).nullable(),
  deployedAt: z.number(),
  by: z.string().max(256).nullable(),
  url: z.string().max(2_048).nullable(),
});
export type Deployment = z.infer<typeof Deployment>;
