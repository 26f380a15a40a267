import { z } from 'zod';
import { freezeLimits } from './limits.ts';
import { ExactName } from './name.ts';
import { TimeOfDay, TimeZone, Weekday } from './wall-clock.ts';

const Local = z.iso.datetime({ local: true, offset: false, precision: -1, error: 'must be such as 2026-12-24T18:00' });
const Reason = z.string().trim().min(1, 'say why').max(500);

const common = {
  id: ExactName,
  reason: Reason,
  /** Absent: everything. */
  services: z.array(ExactName).min(1).max(200).optional(),
  /** Whose clock the times are read from, summer time included. */
  zone: TimeZone,
};

/** Every week, on these days, from one time of day until the next `until` after it. */
const Weekly = z.strictObject({
  ...common,
  kind: z.literal('weekly'),
  days: z.array(Weekday).min(1).max(7),
  from: TimeOfDay,
  until: TimeOfDay,
  /** Absent: the same day or, where `until` is not after `from`, the next one. */
  untilDay: Weekday.optional(),
});
/** Once. */
const Once = z
  .strictObject({ ...common, kind: z.literal('once'), starts: Local, ends: Local })
  .refine(({ starts, ends }) => starts < ends, { path: ['ends'], message: 'must be after starts' });

export const FreezeWindow = z.discriminatedUnion('kind', [Weekly, Once], {
  error: ({ code }) => (code === 'invalid_union' ? 'must be weekly or once' : undefined),
});
export type FreezeWindow = z.infer<typeof FreezeWindow>;

/** `freezes.yaml`: when nothing is acted upon, by the calendar. */
export const FreezeFile = z
  .strictObject({ schema: z.literal(1), freezes: z.array(FreezeWindow).max(200) })
  .superRefine(({ freezes }, ctx) => {
    freezes.forEach(({ id }, i) => {
      if (freezes.findIndex((other) => other.id === id) < i)
        ctx.addIssue({ code: 'custom', path: ['freezes', i, 'id'], message: `"${id}" is declared twice` });
    });
  });
export type FreezeFile = z.infer<typeof FreezeFile>;

/** What a person asks for: nothing is done to a service, or to anything, from when (default: now) until when, and why. */
export const NewFreeze = z.strictObject({
  service: ExactName.optional(),
  startsAt: z.number().int().positive().optional(),
  endsAt: z.number().int().positive(),
  reason: Reason,
});
export type NewFreeze = z.infer<typeof NewFreeze>;

export type Freeze = {
  id: number;
  /** Null: everything. */
  service: string | null;
  startsAt: number;
  endsAt: number;
  by: string;
  reason: string;
  createdAt: number;
  /** When, and by whom, it was ended early. */
  endedAt: number | null;
  endedBy: string | null;
};

/** A freeze that is in force, from whichever source. */
export type Frozen = { name: string; services: string[] | null; reason: string; until: number };

/** Null, or why the length of a freeze is refused. */
export function freezeMistake(from: number, endsAt: number): string | null {
  if (endsAt <= from) return 'endsAt: must lie after the start and after now';
  if (endsAt - from > freezeLimits.longestMs)
    return `endsAt: a freeze lasts at most ${freezeLimits.longestMs / 86_400_000} days; what comes again belongs into freezes.yaml`;
  return null;
}
