import { z } from 'zod';
import { inputLimits, silenceLimits } from './limits.ts';
import type { Labels } from './sample.ts';

/** Text that is meant exactly, or by its beginning where it ends in `*`. Not everything: `*` alone is refused. */
const Pattern = z
  .string()
  .trim()
  .min(1)
  .max(inputLimits.metricNameChars)
  .regex(/^[^*]+\*?$/, 'must be a name, or the beginning of one and a "*"');

/** What a person asks for: which signals open nothing, from when (default: now) until when, and why. */
export const NewSilence = z
  .strictObject({
    service: Pattern.optional(),
    metric: Pattern.optional(),
    labels: z
      .record(z.string().min(1).max(inputLimits.labelNameChars), Pattern)
      .refine((labels) => Object.keys(labels).length <= silenceLimits.labels, `at most ${silenceLimits.labels} labels`)
      .default({}),
    startsAt: z.number().int().positive().optional(),
    endsAt: z.number().int().positive(),
    reason: z.string().trim().min(1, 'say why').max(500),
  })
  .refine(
    ({ service, metric, labels }) => service !== undefined || metric !== undefined || Object.keys(labels).length > 0,
    'must name a service, a metric or a label: a silence of everything is refused',
  );
export type NewSilence = z.infer<typeof NewSilence>;

export type Silence = Omit<NewSilence, 'startsAt' | 'service' | 'metric'> & {
  id: number;
  service: string | null;
  metric: string | null;
  startsAt: number;
  by: string;
  createdAt: number;
  /** When, and by whom, it was ended early. */
  endedAt: number | null;
  endedBy: string | null;
};

/** What a silence can be about. An alert is called by its name. */
export type SilenceSubject = { service: string; metric: string; labels: Labels };

/** The first silence in force that matches, in words; null where nothing does. */
export function silencedBy(inForce: readonly Silence[], subject: SilenceSubject): string | null {
  const found = inForce.find(
    ({ service, metric, labels }) =>
      (service === null || fits(service, subject.service)) &&
      (metric === null || fits(metric, subject.metric)) &&
      Object.entries(labels).every(([name, pattern]) => fits(pattern, subject.labels[name] ?? '')),
  );
  if (!found) return null;
  return `silence ${found.id} of ${found.by} until ${new Date(found.endsAt).toISOString()}: ${found.reason}`;
}

const fits = (pattern: string, text: string) =>
  pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
