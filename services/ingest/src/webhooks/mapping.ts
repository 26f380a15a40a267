import { NightshiftError } from '@nightshift/types';
import { z } from 'zod';
import type { RawAlert } from '../alerts/alert.ts';
import { changeOf, ignored, IsoTime, linkOf, shortened, type Change, type Ignored } from '../changes/change.ts';
import { at, isPath, Path } from './path.ts';

const text = z.string().min(1).max(1_024);
const key = z.string().min(1).max(128);
const mostEntries = 100;
const entries = <V extends z.ZodType>(value: V) =>
  z.record(key, value).refine((all) => Object.keys(all).length <= mostEntries, `at most ${mostEntries} entries`);

/** Where a field comes from: a path, or a text for all; longer, a path with what its values mean (`map`) and what stands in for none (`default`). */
const Pick = z.preprocess(
  (raw) => (typeof raw === 'string' ? (isPath(raw) ? { path: raw } : { text: raw }) : raw),
  z
    .strictObject({
      path: Path.optional(),
      text: text.optional(),
      map: entries(text).optional(),
      default: text.optional(),
    })
    .refine(({ path, text: fixed }) => (path === undefined) !== (fixed === undefined), 'needs either a path or a text'),
);
type Pick = z.infer<typeof Pick>;

/** A file of `webhooks/`: what the bodies of one sender mean. Its name is the address: `webhooks/NAME.yaml` is `POST /v1/hooks/NAME`. */
export const Mapping = z
  .strictObject({
    /** A list in the body, each of which is an alert or a change; without it, the body is the one. */
    items: Path.optional(),
    /** Takes those alone whose value is one of these; the others mean nothing. */
    only: z.strictObject({ path: Path, is: z.array(text).min(1).max(mostEntries) }).optional(),
    alert: z
      .strictObject({
        name: Pick,
        service: Pick.optional(),
        severity: Pick.optional(),
        status: Pick.optional(),
        summary: Pick.optional(),
        startedAt: Pick.optional(),
        labels: entries(Pick).optional(),
      })
      .optional(),
    change: z
      .strictObject({
        service: Pick,
        version: Pick,
        previousVersion: Pick.optional(),
        deployedAt: Pick.optional(),
        by: Pick.optional(),
        url: Pick.optional(),
        id: Pick.optional(),
      })
      .optional(),
  })
  .refine(({ alert, change }) => (alert === undefined) !== (change === undefined), 'needs either alert or change');
export type Mapping = z.infer<typeof Mapping>;

const mostItems = 1_000;

/** The items of a body. Throws BODY_INVALID where there is no list, BODY_TOO_LARGE where it is too long. */
export function itemsOf({ items }: Mapping, body: unknown): unknown[] {
  if (!items) return [body];
  const found = at(items, { $: body, '@': body });
  if (!Array.isArray(found)) throw invalid(`${items.text} is no list`);
  if (found.length <= mostItems) return found;
  throw new NightshiftError('BODY_TOO_LARGE', `${items.text} has ${found.length} items, at most ${mostItems} may be`);
}

/** What an item means. Throws BODY_INVALID with the field of the mapping and the path that did not fit. */
export function meaningOf(
  mapping: Mapping,
  name: string,
  body: unknown,
  item: unknown,
): { alert: RawAlert } | Change | Ignored {
  const from = { $: body, '@': item };
  const { only, alert, change } = mapping;
  if (only && !only.is.includes(scalar(at(only.path, from)) ?? '')) return ignored('only');
  return alert ? { alert: alertFrom(alert, from) } : changeFrom(change!, name, from);
}

type From = Parameters<typeof at>[1];

function alertFrom(fields: NonNullable<Mapping['alert']>, from: From): RawAlert {
  const read = (field: Exclude<keyof typeof fields, 'labels'>) => picked(`alert.${field}`, fields[field], from);
  const labels: [string, string | undefined][] = Object.entries(fields.labels ?? {}).map(([label, pick]) => [
    label,
    picked(`alert.labels.${label}`, pick, from),
  ]);
  const status = read('status') ?? 'firing';
  if (status !== 'firing' && status !== 'resolved') {
    throw invalid(`alert.status: ${JSON.stringify(status.slice(0, 80))} is neither firing nor resolved: map it`);
  }
  const startsAt = timeFrom('alert.startedAt', read('startedAt'));
  const named = {
    alertname: needed('alert.name', read('name'), fields.name),
    service: read('service'),
    severity: read('severity'),
  };
  const all = [...labels, ...Object.entries(named)].filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    status,
    labels: Object.fromEntries(all),
    annotations: { summary: read('summary') ?? '' },
    ...(startsAt === undefined ? {} : { startsAt }),
  };
}

function changeFrom(fields: NonNullable<Mapping['change']>, name: string, from: From): Change {
  const read = (field: keyof typeof fields) => picked(`change.${field}`, fields[field], from);
  const id = read('id');
  return changeOf({
    service: needed('change.service', read('service'), fields.service),
    version: shortened(needed('change.version', read('version'), fields.version)),
    previousVersion: shortened(read('previousVersion')),
    deployedAt: timeFrom('change.deployedAt', read('deployedAt')),
    by: shortened(read('by')),
    url: linkOf(read('url')),
    origin: id && `webhook ${name} ${id}`,
  });
}

/** The text that a field comes to; undefined where there is none. Throws BODY_INVALID for a value that its `map` does not know. */
function picked(field: string, pick: Pick | undefined, from: From): string | undefined {
  if (!pick?.path) return pick?.text;
  const value = scalar(at(pick.path, from));
  if (!pick.map || value === undefined) return value ?? pick.default;
  const meant = Object.hasOwn(pick.map, value) ? pick.map[value] : pick.default;
  if (meant !== undefined) return meant;
  const known = Object.keys(pick.map).slice(0, 10).join(', ');
  throw invalid(`${field}: ${pick.path.text} is ${JSON.stringify(value.slice(0, 80))}, the map knows ${known}`);
}

function needed(field: string, value: string | undefined, pick: Pick): string {
  if (value) return value;
  throw invalid(`${field}: there is no text or number at ${pick.path?.text}`);
}

/** ISO 8601, or epoch seconds or milliseconds, whichever is near our time. */
function timeFrom(field: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return Math.round(number < 1e11 ? number * 1_000 : number);
  const time = IsoTime.safeParse(value);
  if (time.success) return time.data;
  throw invalid(
    `${field}: ${JSON.stringify(value.slice(0, 80))} is neither ISO 8601 nor epoch seconds or milliseconds`,
  );
}

const scalar = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;

const invalid = (why: string) => new NightshiftError('BODY_INVALID', why);
