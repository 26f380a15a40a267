import type { Sample } from './pusher.ts';

/** Name of the one service of the shop, as the catalogue knows it. */
export const service = 'shop-api';

/** Who measured: a client at the edge, or the api process itself. */
export type Source = 'edge' | 'api';

export function samplesOf(values: Record<string, number>, source: Source, timestamp: number): Sample[] {
  return Object.entries(values).map(([name, value]) => ({ name, value, timestamp, labels: { service, source } }));
}
