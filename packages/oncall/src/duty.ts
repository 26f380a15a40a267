import type { Layer, OnCallOverride, Schedule } from '@nightshift/types';
import { spanOfDay, spansOf, within, type Span } from './hours.ts';
import { peopleOf, turnAt, turnStart } from './turn.ts';
import { readLocal, wallClock } from './wall-clock.ts';

/** `person` in the place of one who would be on duty, or of all (null). */
export type Override = Span & { person: string; insteadOf: string | null };

/** Overrides that do not stand in the file, by schedule. */
export type OverridesBySchedule = ReadonlyMap<string, readonly Override[]>;

export function bySchedule(overrides: readonly OnCallOverride[]): OverridesBySchedule {
  const found = new Map<string, Override[]>();
  for (const { schedule, person, insteadOf, startsAt, endsAt } of overrides)
    found.set(schedule, [...(found.get(schedule) ?? []), { person, insteadOf, from: startsAt, to: endsAt }]);
  return found;
}

/** Who is on duty, and by which layer; nobody and null where no layer has anybody. */
export type Duty = { people: string[]; layer: string | null };

export type Shift = Span & Duty;

/** Who is on duty at `at` (epoch ms). `extra`: overrides that do not stand in the file; they come after those that do. */
export const dutyAt = (schedule: Schedule, at: number, extra: readonly Override[] = []): Duty =>
  dutyUnder(schedule, overridesOf(schedule, extra), at);

/** The shifts from `from` to `to`, in order and without a hole: a time with nobody on duty is a shift of no people. */
export function shiftsBetween(schedule: Schedule, { from, to }: Span, extra: readonly Override[] = []): Shift[] {
  const overrides = overridesOf(schedule, extra);
  const inside = boundaries(schedule, { from, to }, overrides).filter((at) => from < at && at < to);
  const edges = [from, ...new Set(inside.toSorted((a, b) => a - b)), to];
  const shifts: Shift[] = [];
  edges.slice(0, -1).forEach((start, nth) => {
    const duty = dutyUnder(schedule, overrides, start);
    const before = shifts.at(-1);
    if (before && before.layer === duty.layer && before.people.join() === duty.people.join())
      before.to = edges[nth + 1]!;
    else shifts.push({ from: start, to: edges[nth + 1]!, ...duty });
  });
  return shifts;
}

function dutyUnder(schedule: Schedule, overrides: readonly Override[], at: number): Duty {
  const inForce = overrides.filter(({ from, to }) => from <= at && at < to);
  for (const layer of schedule.layers.toReversed()) {
    const turn = turnThatCounts(schedule, layer, at);
    if (turn !== null) return { people: inForce.reduce(applied, peopleOf(layer, turn)), layer: layer.id };
  }
  return { people: inForce.reduce(applied, []), layer: null };
}

function applied(people: string[], { person, insteadOf }: Override): string[] {
  if (insteadOf === null) return [person];
  return [...new Set(people.map((each) => (each === insteadOf ? person : each)))];
}

/** Whose turn it is in a layer, counted from 0, or null where it does not count now. */
function turnThatCounts(schedule: Schedule, layer: Layer, at: number): number | null {
  const zone = zoneOf(schedule, layer);
  if (layer.endsOn !== undefined && at >= spanOfDay(layer.endsOn, zone).to) return null;
  if (layer.holidays !== 'any' && isHoliday(schedule, at) !== (layer.holidays === 'only')) return null;
  if (layer.during && !within(spansOf(layer.during, zone, { from: at, to: at + 1 }), at)) return null;
  return turnAt(layer, at, zone);
}

const zoneOf = (schedule: Schedule, layer: Layer) => layer.timeZone ?? schedule.timeZone;

const isHoliday = ({ holidays, timeZone }: Schedule, at: number) =>
  holidays.includes(wallClock(at, timeZone).toPlainDate().toString());

function overridesOf({ overrides, timeZone }: Schedule, extra: readonly Override[]): Override[] {
  const instant = (local: string) => readLocal(local, timeZone)!;
  const planned = overrides.map(({ person, insteadOf, from, to }) => ({
    person,
    insteadOf: insteadOf ?? null,
    from: instant(from),
    to: instant(to),
  }));
  return [...planned, ...extra];
}

/** Every instant at which somebody else may come on duty. */
function boundaries(schedule: Schedule, span: Span, overrides: readonly Override[]): number[] {
  const edges = (spans: readonly Span[]) => spans.flatMap(({ from, to }) => [from, to]);
  return [
    ...schedule.layers.flatMap((layer) => {
      const zone = zoneOf(schedule, layer);
      const ends = layer.endsOn === undefined ? [] : [spanOfDay(layer.endsOn, zone).to];
      return [...handovers(layer, span, zone), ...edges(spansOf(layer.during ?? [], zone, span)), ...ends];
    }),
    ...edges(schedule.holidays.map((date) => spanOfDay(date, schedule.timeZone))),
    ...edges(overrides),
  ];
}

function handovers(layer: Layer, { from, to }: Span, zone: string): number[] {
  const starts: number[] = [];
  for (let nth = turnAt(layer, from, zone) ?? 0; ; nth += 1) {
    const start = turnStart(layer, nth, zone);
    if (start >= to) return starts;
    starts.push(start);
  }
}
