import { z } from 'zod';
import { Resolution } from './incident.ts';

/** Where the minutes went. Null: that phase did not happen. */
export const MttrPhases = z.object({
  onsetToDetectedMs: z.number().nullable(),
  detectedToDiagnosedMs: z.number().nullable(),
  diagnosedToActedMs: z.number().nullable(),
  actedToResolvedMs: z.number().nullable(),
  totalMs: z.number().nullable(),
});
export type MttrPhases = z.infer<typeof MttrPhases>;

export const Postmortem = z.object({
  incidentId: z.string(),
  resolution: Resolution.nullable(),
  phases: MttrPhases,
  /** Contributing change, if a deployment is suspected. */
  suspectChange: z.string().nullable(),
  tried: z.array(z.object({ action: z.string(), target: z.string(), outcome: z.string() })),
  improvements: z.array(z.string()),
  markdown: z.string(),
});
export type Postmortem = z.infer<typeof Postmortem>;
