import { Weekday, type EscalationPolicy, type Hours, type OnCall, type Schedule } from '@nightshift/types';
import { shiftsBetween, type OverridesBySchedule, type Shift } from './duty.ts';
import { spansOf, type Span } from './hours.ts';

export type Finding = {
  kind: 'gap' | 'unreachable' | 'unfair' | 'dead_end' | 'unused';
  /** error: a page can come to nobody. warning: it can be had better. */
  severity: 'error' | 'warning';
  /** Schedule, person or policy. */
  about: string;
  detail: string;
};

/** What one person carries within a time, in hours: all, at night (22 to 6) and at weekends, by the wall clock of the schedule. */
export type Load = { person: string; hours: number; nightHours: number; weekendHours: number };

const hourMs = 3_600_000;
const nights: Hours = { days: Weekday.options, from: '22:00', to: '06:00' };
const weekends: Hours = { days: ['sat', 'sun'], from: '00:00', to: '00:00' };
/** A load is unfair from half more than the mean on, and by a shift's worth. */
const unfair = { share: 1.5, hours: 12 };

/** What is wrong with a plan of on-call within a time, the worst first. */
export function checkOnCall(oncall: OnCall, span: Span, extra: OverridesBySchedule = new Map()): Finding[] {
  const shifts = new Map(oncall.schedules.map((each) => [each.id, shiftsBetween(each, span, extra.get(each.id))]));
  const found = [
    ...oncall.schedules.flatMap((each) => gapsOf(each.id, shifts.get(each.id)!)),
    ...oncall.policies.flatMap((policy) => endsNowhere(oncall, policy, shifts)),
    ...unreachable(oncall),
    ...oncall.schedules.flatMap((each) => unfairLoads(each, shifts.get(each.id)!)),
    ...unused(oncall),
  ];
  return found.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
}

/** What each person carries of a schedule, the most first. */
export function loadsOf(schedule: Schedule, shifts: readonly Shift[]): Load[] {
  if (shifts.length === 0) return [];
  const all = { from: shifts[0]!.from, to: shifts.at(-1)!.to };
  const [night, weekend] = [nights, weekends].map((hours) => spansOf([hours], schedule.timeZone, all));
  const people = [
    ...new Set([...schedule.layers.flatMap((layer) => layer.people), ...shifts.flatMap((each) => each.people)]),
  ];
  return people
    .map((person) => {
      const theirs = shifts.filter((shift) => shift.people.includes(person));
      return {
        person,
        hours: theirs.reduce((sum, { from, to }) => sum + (to - from), 0) / hourMs,
        nightHours: common(theirs, night!),
        weekendHours: common(theirs, weekend!),
      };
    })
    .toSorted((a, b) => b.hours - a.hours);
}

/** Hours that two lists of spans have in common; each list is free of overlaps. */
function common(a: readonly Span[], b: readonly Span[]): number {
  const parts = a.flatMap((x) => b.map((y) => Math.min(x.to, y.to) - Math.max(x.from, y.from)));
  return parts.reduce((sum, part) => sum + Math.max(part, 0), 0) / hourMs;
}

function gapsOf(schedule: string, shifts: readonly Shift[]): Finding[] {
  const gaps = shifts.filter(({ people }) => people.length === 0);
  if (gaps.length === 0) return [];
  const hours = gaps.reduce((sum, { from, to }) => sum + (to - from), 0) / hourMs;
  const first = gaps.slice(0, 3).map(({ from, to }) => `${moment(from)} to ${moment(to)}`);
  const more = gaps.length > first.length ? `, and ${gaps.length - first.length} more` : '';
  const detail = `nobody is on duty for ${inHours(hours)}: ${first.join('; ')}${more} (UTC)`;
  return [{ kind: 'gap', severity: 'warning', about: schedule, detail }];
}

/** Whether there is a time at which no level of a policy comes to anybody. */
function endsNowhere(
  { channels, people }: OnCall,
  policy: EscalationPolicy,
  shifts: ReadonlyMap<string, Shift[]>,
): Finding[] {
  const named = new Set(policy.levels.flatMap(({ notify }) => notify));
  const always = [...people, ...channels.filter(({ kind }) => kind !== 'console')].some(({ id }) => named.has(id));
  if (always) return [];
  const lists = [...named].flatMap((id) => shifts.get(id) ?? []);
  const nobody = lists.find(
    (gap) => gap.people.length === 0 && ![...named].some((id) => covers(shifts.get(id) ?? [], gap.from)),
  );
  if (lists.length > 0 && !nobody) return [];
  const detail = nobody
    ? `at ${moment(nobody.from)} UTC none of its levels comes to anybody: a page would only reach the console`
    : 'it names no person, no schedule and no channel but the console';
  return [{ kind: 'dead_end', severity: 'error', about: policy.id, detail }];
}

const covers = (shifts: readonly Shift[], at: number) =>
  shifts.some(({ from, to, people }) => from <= at && at < to && people.length > 0);

/** People whom a page can only reach while they look at the console. */
function unreachable({ channels, people, schedules, policies }: OnCall): Finding[] {
  const silent = new Set(channels.filter(({ kind }) => kind === 'console').map(({ id }) => id));
  const wanted = new Set([
    ...policies.flatMap(({ levels }) => levels.flatMap(({ notify }) => notify)),
    ...schedules.flatMap(({ layers, overrides }) => [
      ...layers.flatMap((layer) => layer.people),
      ...overrides.map(({ person }) => person),
    ]),
  ]);
  return people
    .filter((person) => wanted.has(person.id) && person.channels.every((id) => silent.has(id)))
    .map(({ id }) => ({
      kind: 'unreachable',
      severity: 'error',
      about: id,
      detail: 'has no channel but the console, which wakes nobody',
    }));
}

function unfairLoads(schedule: Schedule, shifts: readonly Shift[]): Finding[] {
  const loads = loadsOf(schedule, shifts);
  const kinds = [
    ['hours', 'hours'],
    ['nightHours', 'hours at night'],
    ['weekendHours', 'hours at weekends'],
  ] as const;
  return kinds.flatMap(([key, name]) => {
    const mean = loads.reduce((sum, load) => sum + load[key], 0) / Math.max(loads.length, 1);
    return loads
      .filter((load) => load[key] > unfair.share * mean && load[key] - mean > unfair.hours)
      .map((load): Finding => {
        const detail = `${load.person} carries ${load[key].toFixed(0)} ${name}, the mean of ${loads.length} people is ${mean.toFixed(0)}`;
        return { kind: 'unfair', severity: 'warning', about: schedule.id, detail };
      });
  });
}

function unused({ schedules, policies }: OnCall): Finding[] {
  const named = new Set(policies.flatMap(({ levels }) => levels.flatMap(({ notify }) => notify)));
  return schedules
    .filter(({ id }) => !named.has(id))
    .map(({ id }) => ({ kind: 'unused', severity: 'warning', about: id, detail: 'no policy names this schedule' }));
}

const moment = (at: number) => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
const inHours = (hours: number) => `${Number(hours.toFixed(1))} h`;
