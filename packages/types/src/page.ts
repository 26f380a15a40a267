import { z } from 'zod';
import { Severity } from './anomaly.ts';
import { CheckStatus } from './diagnostic.ts';

/** What a woken person is told: enough to act on, nothing to scroll through. Stored with its notification. */
export const Page = z.object({
  incidentId: z.string(),
  service: z.string(),
  severity: Severity,
  /** One sentence: what is broken, how badly, for how long. */
  headline: z.string(),
  /** When the first sample left its band (epoch ms). */
  since: z.number(),
  /** Why a person is needed. */
  reason: z.string(),
  /** The deployment under suspicion, in words. */
  suspectChange: z.string().nullable(),
  /** The diagnostics that found something, or could not find out. */
  findings: z.array(z.object({ check: z.string(), target: z.string(), status: CheckStatus, summary: z.string() })),
  tried: z.array(z.object({ action: z.string(), target: z.string(), outcome: z.string(), detail: z.string() })),
  /** The one thing to do next. */
  nextStep: z.string(),
  incidentUrl: z.string(),
  /** Signed for this recipient; whoever opens it takes the incident. */
  acknowledgeUrl: z.string(),
});
export type Page = z.infer<typeof Page>;
