import { z } from 'zod';

/** What a metric's samples are, as its sender says. `unknown`: its sender does not know either. */
export const MetricKind = z.enum(['gauge', 'counter', 'histogram', 'summary', 'unknown']);
export type MetricKind = z.infer<typeof MetricKind>;

/** One of the series that a classic histogram or a summary consists of. `perSecond`: it comes as a rate (OTLP, delta). */
export type PartName = { base: string; part: 'bucket' | 'sum' | 'count'; perSecond: boolean };

/** What a name says: `x_bucket`, `x_sum`, `x_count`; null for any other. Whether it is true is for the kind, or its sisters, to say. */
export function partName(metric: string): PartName | null {
  const [, base, part, perSecond] = /^(.+)_(bucket|sum|count)(_per_second)?$/.exec(metric) ?? [];
  return base ? { base, part: part as PartName['part'], perSecond: perSecond !== undefined } : null;
}

/**
 * The shard where a series must live so that those that are reckoned with together meet: what counts events has the shard of its
 * service, the parts of histograms among them. Null for any other series, which may live anywhere.
 */
export function homeShard(
  metric: string,
  kind: MetricKind | undefined,
  service: string,
  shards: number,
): number | null {
  const counts = kind === 'counter' || /_(total|per_second)$/.test(metric) || partName(metric) !== null;
  return counts ? fnv1a(service) % shards : null;
}

/** The FNV-1a hash of a text's UTF-16 units (isthe.com/chongo/tech/comp/fnv). */
function fnv1a(text: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}
