import { z } from 'zod';
import { changeOf, IsoTime, linkOf, shortened, type Change } from './change.ts';

/** What the template in docs/ingest.md makes Argo CD's notifications send when an application was synced. */
export const ArgoCdNotification = z.object({
  application: z.string(),
  revision: z.string(),
  startedAt: IsoTime,
  /** Where the service has another name than the application. */
  service: z.string().optional(),
  url: z.string().optional(),
  initiatedBy: z.string().optional(),
});

/** The change that a notification tells of: one per application and start of a sync. Throws BODY_INVALID. */
export function changeOfArgoCd(told: z.infer<typeof ArgoCdNotification>): Change {
  const { application, revision, startedAt, service, url, initiatedBy } = told;
  return changeOf({
    service: service || application,
    version: shortened(revision),
    deployedAt: startedAt,
    by: shortened(initiatedBy) ?? 'Argo CD',
    url: linkOf(url),
    origin: `argocd ${application} ${startedAt}`,
  });
}
