import type { IncomingHttpHeaders } from 'node:http';
import { errorMessage, NightshiftError } from '@nightshift/types';
import { z } from 'zod';
import { readJson } from '../body.ts';
import { IsoTime } from '../changes/change.ts';

const text = z.string().min(1).max(1_024);

/** A CloudEvent 1.0 (github.com/cloudevents/spec) as far as we read it; `data` is undefined where it is no JSON. */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: text,
  source: text,
  type: text,
  subject: text.optional(),
  time: IsoTime.optional(),
  data: z.unknown(),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

const eventsPerRequest = 1_000;

/**
 * The events of a request in any of the three modes of the HTTP binding, as they came: structured (`application/cloudevents+json`), batched
 * (`application/cloudevents-batch+json`) or binary (headers `ce-…`, the body being the data). Throws BODY_INVALID, BODY_TOO_LARGE or MEDIA_UNSUPPORTED.
 */
export function readCloudEvents(headers: IncomingHttpHeaders, body: Buffer): unknown[] {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type === 'application/cloudevents+json') return [withData(readJson(body))];
  if (type === 'application/cloudevents-batch+json') return batch(readJson(body));
  if (type.startsWith('application/cloudevents')) {
    throw new NightshiftError('MEDIA_UNSUPPORTED', `Content-Type ${type.slice(0, 80)}: send events as JSON`);
  }
  if (headers['ce-specversion'] === undefined) {
    throw new NightshiftError(
      'MEDIA_UNSUPPORTED',
      'no CloudEvent: send Content-Type application/cloudevents+json or -batch+json, or the headers ce-specversion, ce-id, ce-source and ce-type',
    );
  }
  return [{ ...attributes(headers), data: isJson(type) && body.length > 0 ? readJson(body) : undefined }];
}

function batch(events: unknown): unknown[] {
  if (!Array.isArray(events)) throw new NightshiftError('BODY_INVALID', 'a batch must be a list of events');
  if (events.length > eventsPerRequest) {
    throw new NightshiftError('BODY_TOO_LARGE', `${events.length} events, at most ${eventsPerRequest} may be`);
  }
  return events.map(withData);
}

/** Attributes of the binary mode. Their values are percent-encoded UTF-8. */
function attributes(headers: IncomingHttpHeaders): Record<string, string> {
  const found = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('ce-') && typeof value === 'string' ? [[name.slice('ce-'.length), decoded(value)] as const] : [],
  );
  return Object.fromEntries(found);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    throw new NightshiftError('BODY_INVALID', `the header value ${value.slice(0, 80)}: ${errorMessage(error)}`);
  }
}

/** An event whose data came as base64, with them as they are meant. */
function withData(event: unknown): unknown {
  const { data_base64: encoded, datacontenttype: type = '' } = (event ?? {}) as Record<string, unknown>;
  if (typeof encoded !== 'string' || typeof type !== 'string' || !isJson(type.toLowerCase())) return event;
  return { ...(event as object), data: readJson(Buffer.from(encoded, 'base64')) };
}

/** Without a type, data are JSON. */
const isJson = (type: string) => type === '' || /^[\w.-]+\/([\w.-]+\+)?json\b/.test(type);
