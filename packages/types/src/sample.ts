import { z } from 'zod';
import { inputLimits as limits } from './limits.ts';

/** Text that Postgres can keep as it is: no NUL, no half of a surrogate pair. */
const Storable = z.string().regex(/^[^\0\uD800-\uDFFF]*$/u, 'must not hold NUL or broken Unicode');

/** Label names and values of one series, `service` among them. A label called `__proto__` is dropped; ingest refuses it before. */
export const Labels = z
  .record(Storable.min(1).max(limits.labelNameChars), Storable.max(limits.labelValueChars))
  .refine((labels) => Object.keys(labels).length <= limits.labelsPerSample, `at most ${limits.labelsPerSample} labels`)
  .meta({ maxProperties: limits.labelsPerSample });
export type Labels = z.infer<typeof Labels>;

/** One measured value of one series at one time (epoch ms). */
export const Sample = z
  .object({
    name: Storable.min(1).max(limits.metricNameChars).describe('Metric name, as its sender calls it'),
    value: z.number().describe('A finite number'),
    timestamp: z.number().int().describe('Epoch milliseconds'),
    labels: Labels.default({}),
  })
  .refine((sample) => Buffer.byteLength(seriesKey(sample.name, sample.labels)) <= limits.seriesKeyBytes, {
    error: `name and labels together must not exceed ${limits.seriesKeyBytes} bytes`,
    path: ['labels'],
  });
export type Sample = z.infer<typeof Sample>;

/** A series: a metric name plus its sorted labels. `id` is Nightshift's own, given once and never reused. */
export const Series = z.object({
  id: z.number().int().positive(),
  name: z.string(),
  labels: Labels,
  service: z.string(),
});
export type Series = z.infer<typeof Series>;

/** The canonical text of a series' identity: equal for equal name and labels in any order, and for nothing else. */
export function seriesKey(name: string, labels: Labels): string {
  const names = Object.keys(labels).sort();
  return JSON.stringify([name, ...names.flatMap((label) => [label, labels[label]])]);
}
