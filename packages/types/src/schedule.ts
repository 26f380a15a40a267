import { z } from 'zod';
import { scheduleLimits } from './limits.ts';
import { ExactName } from './name.ts';
import { TimeOfDay, TimeZone, Weekday } from './wall-clock.ts';

const LocalDate = z.iso.date('must be a date such as 2026-01-05');
const LocalDateTime = z.iso
  .datetime({ local: true, error: 'must be a local time such as 2026-01-05T09:00' })
  .refine((text) => !text.endsWith('Z'), 'must be a local time, without a zone');
/** A part of the week by the wall clock. It belongs to the day on which it begins; ends on the next one where `to` is not after `from`. */
export const Hours = z.strictObject({
  days: z
    .array(Weekday)
    .min(1)
    .default([...Weekday.options]),
  from: TimeOfDay,
  to: TimeOfDay,
});
export type Hours = z.infer<typeof Hours>;

/** People who take turns, in order. Handovers are by the wall clock of the zone, also across changes of its offset. */
export const Layer = z
  .strictObject({
    id: ExactName,
    people: z.array(ExactName).min(1).max(scheduleLimits.people),
    /** The day of the first handover; and the last day on which the layer counts. */
    startsOn: LocalDate,
    endsOn: LocalDate.optional(),
    handover: TimeOfDay.default('09:00'),
    turn: z
      .strictObject({ every: z.number().int().min(1).max(366).default(1), unit: z.enum(['hour', 'day', 'week']) })
      .default({ every: 1, unit: 'week' }),
    /** How many are on duty together: the one whose turn it is, and those who follow. */
    atOnce: z.number().int().min(1).default(1),
    /** Where it differs from the schedule's: for follow-the-sun. */
    timeZone: TimeZone.optional(),
    /** Only within these hours. */
    during: z.array(Hours).min(1).max(scheduleLimits.hours).optional(),
    /** Whether it counts on the schedule's holidays. */
    holidays: z.enum(['any', 'skip', 'only']).default('any'),
  })
  .refine(({ people, atOnce }) => atOnce <= new Set(people).size, {
    path: ['atOnce'],
    message: 'must be at most the number of different people',
  });
export type Layer = z.infer<typeof Layer>;

/** `person` is on duty from `from` until `to` (local times): in the place of one person, or of all. */
export const PlannedOverride = z
  .strictObject({ person: ExactName, insteadOf: ExactName.optional(), from: LocalDateTime, to: LocalDateTime })
  .refine(({ from, to }) => to > from, { path: ['to'], message: 'must be after "from"' });

/** Who is on duty when: the last layer that has somebody at a time counts, then overrides do. */
export const Schedule = z.strictObject({
  id: ExactName,
  timeZone: TimeZone,
  layers: z.array(Layer).min(1).max(scheduleLimits.layers),
  holidays: z.array(LocalDate).max(scheduleLimits.holidays).default([]),
  overrides: z.array(PlannedOverride).max(scheduleLimits.overrides).default([]),
});
export type Schedule = z.infer<typeof Schedule>;
