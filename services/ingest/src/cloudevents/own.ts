import { z } from 'zod';
import type { RawAlert } from '../alerts/alert.ts';
import { changeOf, type Change } from '../changes/change.ts';
import type { CloudEvent } from './read.ts';

/** The types of events that are Nightshift's own: what an alert or a change looks like to who writes its sender. */
export const ownTypes = { alert: 'dev.nightshift.alert', deployment: 'dev.nightshift.deployment' } as const;

const OwnAlert = z.object({
  name: z.string().min(1),
  service: z.string().optional(),
  severity: z.string().default('warning'),
  status: z.enum(['firing', 'resolved']).default('firing'),
  summary: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
});

/** The alert of an event, as Alertmanager would tell it; its service is the event's `subject` where it names none. Throws a ZodError. */
export function alertOfEvent(event: CloudEvent): RawAlert {
  const { name, service = event.subject, severity, status, summary = '', labels } = OwnAlert.parse(event.data);
  return {
    status,
    labels: { ...labels, alertname: name, severity, ...(service ? { service } : {}) },
    annotations: { summary },
    ...(event.time === undefined ? {} : { [status === 'firing' ? 'startsAt' : 'endsAt']: event.time }),
  };
}

/** The change of an event, whose data are those of `POST /v1/deployments`. Throws BODY_INVALID. */
export function changeOfEvent(event: CloudEvent): Change {
  const data = z.record(z.string(), z.unknown()).catch({}).parse(event.data);
  const { service = event.subject, version, previousVersion, deployedAt = event.time, by, url } = data;
  const origin = `cloudevents ${event.source} ${event.id}`;
  return changeOf({ service, version, previousVersion, deployedAt, by, url, origin });
}
