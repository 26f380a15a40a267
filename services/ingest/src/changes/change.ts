import { createHash } from 'node:crypto';
import { inputLimits, NightshiftError } from '@nightshift/types';
import { z } from 'zod';
import { storable } from '../alerts/alert.ts';
import { Deployment } from '../schema.ts';

/**
 * A change that another system tells of, as we keep it: a deployment. `origin` is the id under which its sender knows it, unique among all senders:
 * the same origin again is the same change.
 */
export type Change = Deployment & { origin?: string | undefined };

/** Why an event is no change for us, for the answer and the counter. */
export type Ignored = { ignored: string };
export const ignored = (why: string): Ignored => ({ ignored: why });

const year2000 = 946_684_800_000;

/** The time of a change (epoch ms), now where it has none. Throws BODY_INVALID where it cannot be meant. */
export function timeOf(deployedAt: number | undefined, at: number): number {
  if (deployedAt === undefined) return at;
  const wrong = (why: string) => new NightshiftError('BODY_INVALID', `deployedAt: ${deployedAt} ${why}`);
  if (deployedAt < year2000) throw wrong('is before the year 2000: send epoch milliseconds, not seconds');
  if (deployedAt > at + inputLimits.sampleAheadMs) throw wrong('is in the future: check the clock of the sender');
  return deployedAt;
}

/** A time as ISO 8601 writes it, its offset also as PagerDuty does (`+0000`), as epoch ms. */
export const IsoTime = z
  .string()
  .transform((text) => text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  .pipe(z.iso.datetime({ offset: true }))
  .transform((text) => Date.parse(text));

/** What a sender calls its things, as far as a deployment can keep it: cut, never refused for its length. */
export const shortened = (text: string | null | undefined): string | undefined =>
  storable(text ?? '').slice(0, 256) || undefined;

/** A link that a person can follow; anything else is left out. */
export const linkOf = (url: unknown): string | undefined => {
  const link = Deployment.shape.url.safeParse(url);
  return link.success ? link.data : undefined;
};

const originBytes = 1_000; // an index entry of Postgres must hold it

/** An id as it is, or where that is too long for an index what nothing else has in common with it. */
function originOf(id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const text = storable(id);
  if (Buffer.byteLength(text) <= originBytes) return text;
  return `sha256 ${createHash('sha256').update(text).digest('hex')}`;
}

/** Checks a change that was put together of what a sender calls its things. Throws BODY_INVALID with the field that is wrong. */
export function changeOf(raw: { [K in keyof Change]: unknown }): Change {
  const read = Deployment.safeParse(raw);
  if (read.success) return { ...read.data, origin: originOf(raw.origin as string | undefined) };
  const [issue] = read.error.issues;
  const value = JSON.stringify(raw[issue?.path[0] as keyof Change])?.slice(0, 100);
  throw new NightshiftError('BODY_INVALID', `${issue?.path.join('.')}: ${issue?.message}, not ${value}`);
}
