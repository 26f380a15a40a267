import { join } from 'node:path';
import { now } from '@nightshift/db';
import { overridesWithin } from '@nightshift/lifecycle';
import {
  bySchedule,
  checkOnCall,
  loadsOf,
  shiftsBetween,
  writeCalendar,
  writeLocal,
  type OverridesBySchedule,
} from '@nightshift/oncall';
import { loadYaml, valueOf } from '@nightshift/runtime';
import { NightshiftError, OnCall, type Schedule } from '@nightshift/types';
import { folders } from '../folders.ts';
import { say } from '../speak.ts';
import { databaseUrl, withDatabase } from './database.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** The on-call file as it is now. Throws FILE_INVALID with what is wrong with it. */
export const readOnCall = async (): Promise<OnCall> =>
  valueOf(await loadYaml(join(folders().configDir, 'oncall.yaml'), OnCall));

/** The schedule of that name, or all of them. Throws NOT_FOUND, with the names there are. */
export function schedulesOf({ schedules }: OnCall, id: string | undefined): Schedule[] {
  const found = schedules.filter((each) => id === undefined || each.id === id);
  if (found.length > 0) return found;
  const names = schedules.map((each) => each.id).join(', ') || 'none';
  throw new NightshiftError(
    'NOT_FOUND',
    id === undefined ? 'the on-call file has no schedule' : `no schedule "${id}"; there are: ${names}`,
  );
}

type Ground = { oncall: OnCall; from: number; extra: OverridesBySchedule };

/** The file, the time, and what was agreed beside the file; of that nothing, and said so, where no database is at hand. */
async function ground(given: number | undefined, spanMs: number): Promise<Ground> {
  const oncall = await readOnCall();
  try {
    databaseUrl();
  } catch {
    process.stderr.write('no database is at hand: overrides that were agreed beside the file are not counted\n');
    return { oncall, from: given ?? Date.now(), extra: new Map() };
  }
  return withDatabase(async (db) => {
    const from = given ?? Math.round(await now(db));
    return { oncall, from, extra: bySchedule(await overridesWithin(db, from, from + spanMs)) };
  });
}

export async function who(id: string | undefined, options: { at?: number; json: boolean }): Promise<number> {
  const ahead = 90 * dayMs;
  const { oncall, from, extra } = await ground(options.at, ahead);
  const found = schedulesOf(oncall, id).map((schedule) => {
    const [shift] = shiftsBetween(schedule, { from, to: from + ahead }, extra.get(schedule.id));
    const { people, layer, to: until } = shift!;
    return { schedule: schedule.id, timeZone: schedule.timeZone, people, layer, until };
  });
  if (options.json) say(JSON.stringify(found));
  for (const { schedule, people, until, timeZone } of options.json ? [] : found)
    say(`${schedule.padEnd(20)}${named(people).padEnd(24)}until ${writeLocal(until, timeZone)} (${timeZone})`);
  return 0;
}

export type NextOptions = { days: number; person?: string; json: boolean };

export async function next(id: string | undefined, { days, person, json }: NextOptions): Promise<number> {
  const { oncall, from, extra } = await ground(undefined, days * dayMs);
  const found = schedulesOf(oncall, id).map((schedule) => ({
    schedule: schedule.id,
    timeZone: schedule.timeZone,
    shifts: shiftsBetween(schedule, { from, to: from + days * dayMs }, extra.get(schedule.id)).filter(
      ({ people }) => person === undefined || people.includes(person),
    ),
  }));
  if (json) say(JSON.stringify(found));
  for (const { schedule, timeZone, shifts } of json ? [] : found) {
    say(`${schedule} (${timeZone})`);
    for (const { from: start, to, people } of shifts) {
      const hours = `${Math.round((to - start) / hourMs)} h`;
      say(`  ${writeLocal(start, timeZone)} to ${writeLocal(to, timeZone)} ${hours.padStart(7)}  ${named(people)}`);
    }
  }
  return 0;
}

/** Ends with 1 where a page could come to nobody. */
export async function check({ days, json }: { days: number; json: boolean }): Promise<number> {
  const { oncall, from, extra } = await ground(undefined, days * dayMs);
  const span = { from, to: from + days * dayMs };
  const findings = checkOnCall(oncall, span, extra);
  const loads = oncall.schedules.map((schedule) => ({
    schedule: schedule.id,
    people: loadsOf(schedule, shiftsBetween(schedule, span, extra.get(schedule.id))),
  }));
  if (json) say(JSON.stringify({ days, findings, loads }));
  else {
    for (const { severity, about, detail } of findings) say(`${severity.padEnd(8)} ${about}: ${detail}`);
    for (const { schedule, people } of loads) {
      say(`${`${schedule}, ${days} days`.padEnd(30)}  hours  nights  weekends`);
      for (const { person, hours, nightHours, weekendHours } of people)
        say(`  ${person.padEnd(28)}${cell(hours, 7)}${cell(nightHours, 8)}${cell(weekendHours, 10)}`);
    }
    if (findings.length === 0) say('nothing is wrong');
  }
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}

/** The shifts of a schedule as an iCalendar file. */
export async function calendar(id: string, { days }: { days: number }): Promise<number> {
  const { oncall, from, extra } = await ground(undefined, days * dayMs);
  const [schedule] = schedulesOf(oncall, id);
  // From the beginning of a day: an event keeps its identity when the file is written again.
  const start = from - (from % dayMs);
  const shifts = shiftsBetween(schedule!, { from: start, to: from + days * dayMs }, extra.get(id));
  process.stdout.write(writeCalendar(schedule!, shifts, from));
  return 0;
}

const cell = (hours: number, width: number) => hours.toFixed(0).padStart(width);
const named = (people: readonly string[]) => people.join(', ') || 'nobody';
