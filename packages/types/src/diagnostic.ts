import { z } from 'zod';
import { checkCatalogue, type BuiltInCheck } from './check-catalogue.ts';

/** "Could not find out" is `unknown`, never `down`. */
export const CheckStatus = z.enum(['ok', 'degraded', 'down', 'unknown']);
export type CheckStatus = z.infer<typeof CheckStatus>;

/** A check of the check catalogue, or one of a service's own: `custom.<id>`. */
export const CheckName = z.union(
  [
    z.enum(Object.keys(checkCatalogue) as [BuiltInCheck, ...BuiltInCheck[]]),
    z.templateLiteral(['custom.', z.string().regex(/^[a-z][a-z0-9_]{0,62}$/)]),
  ],
  { error: `must be one of ${Object.keys(checkCatalogue).join(', ')}, or custom.<id>` },
);
export type CheckName = z.infer<typeof CheckName>;

/** A fact is typed, so that a runbook can match on it. */
export const Facts = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]));
export type Facts = z.infer<typeof Facts>;

export const DiagnosticResult = z.object({
  check: CheckName,
  /** The id of the catalogue target looked at, or the service's name (also for its own checks). */
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
