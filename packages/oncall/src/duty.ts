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
export function dutyAt(schedule: Schedule, at: number, extra: readonly Override[] = []): Duty {
  const layer = schedule.layers.findLast((each) => counts(schedule, each, at));
  const planned = layer ? peopleOf(layer, turnAt(layer, at, zoneOf(schedule, layer))!) : [];
  const people = overridesOf(schedule, extra)
    .filter(({ from, to }) => from <= at && at < to)
    .reduce(applied, planned);
  return { people, layer: layer?.id ?? null };
}

/** The shifts from `from` to `to`, in order and without a hole: a time with nobody on duty is a shift of no people. */
export function shiftsBetween(schedule: Schedule, { from, to }: Span, extra: readonly Override[] = []): Shift[] {
  const inside = boundaries(schedule, { from, to }, extra).filter((at) => from < at && at < to);
  const edges = [from, ...new Set(inside.toSorted((a, b) => a - b)), to];
  const shifts: Shift[] = [];
  edges.slice(0, -1).forEach((start, nth) => {
    const duty = dutyAt(schedule, start, extra);
    const before = shifts.at(-1);
    if (before && before.layer === duty.layer && before.people.join() === duty.people.join())
      before.to = edges[nth + 1]!;
    else shifts.push({ from: start, to: edges[nth + 1]!, ...duty });
  });
  return shifts;
}

function applied(people: string[], { person, insteadOf }: Override): string[] {
  if (insteadOf === null) return [person];
  return [...new Set(people.map((each) => (each === insteadOf ? person : each)))];
}

function counts(schedule: Schedule, layer: Layer, at: number): boolean {
  const zone = zoneOf(schedule, layer);
  if (turnAt(layer, at, zone) === null) return false;
  if (layer.endsOn !== undefined && at >= spanOfDay(layer.endsOn, zone).to) return false;
  if (layer.holidays !== 'any' && isHoliday(schedule, at) !== (layer.holidays === 'only')) return false;
  return layer.during === undefined || within(spansOf(layer.during, zone, { from: at, to: at + 1 }), at);
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
function boundaries(schedule: Schedule, span: Span, extra: readonly Override[]): number[] {
  const edges = (spans: readonly Span[]) => spans.flatMap(({ from, to }) => [from, to]);
  return [
    ...schedule.layers.flatMap((layer) => {
      const zone = zoneOf(schedule, layer);
      const ends = layer.endsOn === undefined ? [] : [spanOfDay(layer.endsOn, zone).to];
      return [...handovers(layer, span, zone), ...edges(spansOf(layer.during ?? [], zone, span)), ...ends];
    }),
    ...edges(schedule.holidays.map((date) => spanOfDay(date, schedule.timeZone))),
    ...edges(overridesOf(schedule, extra)),
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
