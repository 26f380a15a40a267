import { seriesKey } from '@nightshift/types';
import { z } from 'zod';
import { storable, type Alert } from '../alerts/alert.ts';
import { changeOf, ignored, shortened, type Change, type Ignored } from '../changes/change.ts';
import type { CloudEvent } from './read.ts';

/** What we read of an event of CDEvents (cdevents.dev/docs), which travels as the data of a CloudEvent. */
const CDEvent = z.object({
  subject: z.object({
    id: z.string().min(1).max(1_024),
    content: z
      .object({
        artifactId: z.string().optional(),
        description: z.string().optional(),
        environment: z.object({ id: z.string() }).optional(),
        service: z.object({ id: z.string().min(1).max(1_024) }).optional(),
      })
      .default({}),
  }),
});

const shape = /^dev\.cdevents\.(service|incident)\.([a-z]+)\.\d/;

/** Whether a type is one of CDEvents, of any version. */
export const isCDEvent = (type: string): boolean => type.startsWith('dev.cdevents.');

/** What an event tells of: a change of a service, an incident that somebody else found, or nothing for us. Throws BODY_INVALID or a ZodError. */
export function readCDEvent(
  event: CloudEvent,
  at: number,
  environments: string[] | undefined,
): Change | Ignored | { alert: Alert } | { ended: string; at: number } {
  const [, about, predicate = ''] = shape.exec(event.type) ?? [];
  if (!about) return ignored('type');
  const { id, content } = CDEvent.parse(event.data).subject;
  if (environments && content.environment && !environments.includes(content.environment.id)) {
    return ignored('environment');
  }
  if (about === 'incident') return incident(event, predicate, id, content, at);
  if (!/^(deployed|upgraded|rolledback)$/.test(predicate)) return ignored('type');
  return changeOf({
    service: id,
    version: shortened(versionOf(content.artifactId)) ?? 'unknown',
    deployedAt: event.time,
    by: shortened(event.source),
    origin: `cdevents ${event.source} ${event.id}`,
  });
}

function incident(
  event: CloudEvent,
  predicate: string,
  id: string,
  content: z.infer<typeof CDEvent>['subject']['content'],
  at: number,
): Ignored | { alert: Alert } | { ended: string; at: number } {
  const key = seriesKey('cdevents', { source: event.source, incident: id });
  const time = Math.min(event.time ?? at, at);
  if (predicate === 'resolved') return { ended: key, at: time };
  if (predicate !== 'detected' && predicate !== 'reported') return ignored('type');
  const summary = storable(content.description ?? '').slice(0, 500);
  return {
    alert: {
      key,
      name: storable(`incident ${id}`).slice(0, 200),
      service: storable(content.service?.id ?? id),
      severity: 'critical',
      summary,
      startedAt: time,
      endedAt: undefined,
    },
  };
}

/** The version in a package URL (`pkg:oci/shop?tag=v42`, `pkg:oci/shop@sha256%3A…`), else all that was said. */
function versionOf(artifactId: string | undefined): string | undefined {
  if (!artifactId?.startsWith('pkg:')) return artifactId;
  const tag = /[?&]tag=([^&#]+)/.exec(artifactId)?.[1];
  const version = tag ?? /@([^?#]+)/.exec(artifactId)?.[1];
  try {
    return version && decodeURIComponent(version);
  } catch {
    return version;
  }
}
