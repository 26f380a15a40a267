/** When nothing is acted upon: by the calendar of freezes.yaml, and because a person said so. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint, loadYaml, watchLoaded, type Loaded, type Logger, type Watched } from '@nightshift/runtime';
import { FreezeFile, Weekday, type Freeze, type FreezeWindow, type Frozen } from '@nightshift/types';
import { Temporal } from 'temporal-polyfill';

const fileOf = (configDir: string) => join(configDir, 'freezes.yaml');

/** freezes.yaml of a configuration folder; none is no freeze. */
export async function loadFreezes(configDir: string): Promise<Loaded<FreezeFile>> {
  const present = await access(fileOf(configDir)).then(
    () => true,
    () => false,
  );
  return present
    ? loadYaml(fileOf(configDir), FreezeFile)
    : { ok: true, value: { schema: 1, freezes: [] }, hash: 'none' };
}

/** Follows it as it changes; a broken edit leaves the last good one in force. Broken at the start: throws FILE_INVALID. */
export const watchFreezes = (configDir: string, log: Logger): Promise<Watched<FreezeFile>> =>
  watchLoaded({
    name: fileOf(configDir),
    fingerprint: () => fingerprint(fileOf(configDir)),
    load: () => loadFreezes(configDir),
    log,
  });

/** Every freeze in force at `at` (epoch ms), each until the end of those that follow on it without a gap. Pure. */
export function frozenAt({ freezes }: FreezeFile, declared: readonly Freeze[], at: number): Frozen[] {
  const byCalendar = freezes.flatMap((window) => {
    const until = endOf(window, at);
    const { id, services = null, reason } = window;
    return until === null ? [] : [{ name: id, services, reason, until }];
  });
  const bySomebody = declared
    .filter(({ startsAt, endsAt, endedAt }) => endedAt === null && startsAt <= at && endsAt > at)
    .map(({ id, service, by, reason, endsAt }) => ({
      name: `${id} of ${by}`,
      services: service === null ? null : [service],
      reason,
      until: endsAt,
    }));
  return [...byCalendar, ...bySomebody];
}

/** The freeze that holds a service longest, or null. */
export function freezeOf(frozen: readonly Frozen[], service: string): Frozen | null {
  const holding = frozen.filter(({ services }) => services === null || services.includes(service));
  return holding.reduce<Frozen | null>((last, each) => (last && last.until >= each.until ? last : each), null);
}

export const freezeInWords = ({ name, services, reason, until }: Frozen): string =>
  `change freeze ${name}${services ? ` of ${services.join(', ')}` : ''} until ${new Date(until).toISOString()}: ${reason}`;

/** When the window that `at` lies in ends, or null where it lies in none. What begins as another ends continues it. */
function endOf(window: FreezeWindow, at: number): number | null {
  let end: number | null = null;
  for (let weeks = 0, from = at; weeks < 8; weeks++) {
    const next = window.kind === 'once' ? onceEnd(window, from) : weeklyEnd(window, from);
    if (next === null) break;
    end = from = next;
  }
  return end;
}

function onceEnd({ zone, starts, ends }: Extract<FreezeWindow, { kind: 'once' }>, at: number): number | null {
  const [start, end] = [starts, ends].map(
    (local) => Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds,
  );
  return start! <= at && at < end! ? end! : null;
}

type Weekly = Extract<FreezeWindow, { kind: 'weekly' }>;

function weeklyEnd({ zone, days, from, until, untilDay }: Weekly, at: number): number | null {
  const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate();
  const moment = (day: Temporal.PlainDate, time: string) =>
    day.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds;
  const ends = Array.from({ length: 8 }, (_, back) => today.subtract({ days: back }))
    .filter((day) => days.includes(Weekday.options[day.dayOfWeek - 1]!) && moment(day, from) <= at)
    .map((day) => moment(day.add({ days: daysOn(day.dayOfWeek - 1, from, until, untilDay) }), until))
    .filter((end) => end > at);
  return ends.length > 0 ? Math.max(...ends) : null;
}

/** How many days after the day that it begins on a window ends. */
function daysOn(day: number, from: string, until: string, untilDay: Weekday | undefined): number {
  const overnight = until <= from;
  if (untilDay === undefined) return overnight ? 1 : 0;
  const ahead = (Weekday.options.indexOf(untilDay) - day + 7) % 7;
  return ahead === 0 && overnight ? 7 : ahead;
}
