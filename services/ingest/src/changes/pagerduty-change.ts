import { z } from 'zod';
import { changeOf, IsoTime, linkOf, shortened, type Change } from './change.ts';

/** A change event of PagerDuty's Events API v2 (`POST /v2/change/enqueue`). The routing key is a token of ours. */
export const PagerDutyChange = z.object({
  routing_key: z.string().max(128),
  payload: z.object({
    summary: z.string().min(1).max(1_024),
    source: z.string().optional(),
    timestamp: IsoTime.optional(),
    custom_details: z.record(z.string(), z.unknown()).optional(),
  }),
  links: z.array(z.object({ href: z.string() })).optional(),
});

/** The change that an event tells of: what it is of stands in its details, else it is its source and its summary. Throws BODY_INVALID. */
export function changeOfPagerDuty({ payload, links = [] }: z.infer<typeof PagerDutyChange>): Change {
  const { summary, source, timestamp, custom_details: details = {} } = payload;
  const detail = (...names: string[]) => names.map((name) => details[name]).find((value) => typeof value === 'string');
  return changeOf({
    service: detail('service') || source || 'unknown',
    version: shortened(detail('version') || summary),
    previousVersion: shortened(detail('previousVersion', 'previous_version')),
    deployedAt: timestamp,
    by: shortened(detail('by', 'author')),
    url: linkOf(links[0]?.href),
  });
}
