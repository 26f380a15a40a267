import { readFile } from 'node:fs/promises';
import { now } from '@nightshift/db';
import { answerOverride, askOverrides, endOverride, importOverrides, listOverrides } from '@nightshift/lifecycle';
import { readCalendar, readLocal, writeLocal } from '@nightshift/oncall';
import { NewOverride, NightshiftError, type OnCall, type OnCallOverride } from '@nightshift/types';
import { accept, say, whoami } from '../speak.ts';
import { withDatabase } from './database.ts';
import { readOnCall, schedulesOf } from './oncall.ts';

type SpanOptions = { from: string; for: number };
export type TakeOverOptions = SpanOptions & {
  person: string;
  insteadOf?: string;
  reason: string;
  by?: string;
  json: boolean;
};
export type SwapOptions = {
  with: string;
  give: string;
  take: string;
  for: number;
  reason: string;
  by: string;
  json: boolean;
};

/** Puts a person on duty for a while; they have to agree unless they ask themselves. */
export async function takeOver(schedule: string, options: TakeOverOptions): Promise<number> {
  const { person, insteadOf, reason } = options;
  const oncall = await readOnCall();
  const asked = override(oncall, schedule, { person, insteadOf: insteadOf ?? null, reason }, options);
  return ask(oncall, [asked], whoami(options.by), options.json);
}

/** One person's time for another's: both or none, once the other agrees. */
export async function swap(schedule: string, options: SwapOptions): Promise<number> {
  const { by, with: other, reason } = options;
  const oncall = await readOnCall();
  const given = override(
    oncall,
    schedule,
    { person: other, insteadOf: by, reason },
    { ...options, from: options.give },
  );
  const taken = override(
    oncall,
    schedule,
    { person: by, insteadOf: other, reason },
    { ...options, from: options.take },
  );
  return ask(oncall, [given, taken], by, options.json);
}

export const list = (options: { json: boolean }) =>
  withDatabase(async (db) => {
    const [oncall, overrides] = [await readOnCall(), await listOverrides(db)];
    if (!options.json && overrides.length === 0) say('no override is in force or to come');
    return tell(oncall, overrides, options.json);
  });

export const answer = (exchange: number, agree: boolean, options: { by?: string; json: boolean }) =>
  withDatabase(async (db) =>
    tell(await readOnCall(), await answerOverride(db, exchange, whoami(options.by), agree), options.json),
  );

export const end = (exchange: number, options: { by?: string; json: boolean }) =>
  withDatabase(async (db) =>
    tell(await readOnCall(), await endOverride(db, exchange, whoami(options.by)), options.json),
  );

export type ImportOptions = { days: number; by?: string; json: boolean };

/** Takes the events of an iCalendar file as overrides. Importing it again follows what has changed. Ends with 1 where it names people whom the file does not know. */
export const importCalendar = (id: string, file: string, { days, by, json }: ImportOptions) =>
  withDatabase(async (db) => {
    const oncall = await readOnCall();
    const [schedule] = schedulesOf(oncall, id);
    const from = Math.round(await now(db));
    const until = from + days * 86_400_000;
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new NightshiftError('FILE_INVALID', `${file} cannot be read`, { cause });
    });
    const { overrides, unknown } = read(file, () => readCalendar(text, schedule!, oncall.people, { from, to: until }));
    const events = overrides.map(({ from: startsAt, to: endsAt, ...rest }) => ({ ...rest, startsAt, endsAt }));
    const done = await importOverrides(db, { schedule: id, until, by: whoami(by) }, events);
    if (json) say(JSON.stringify({ ...done, unknown }));
    else
      say(
        `${events.length} events of the next ${days} days: ${done.added} added, ${done.changed} changed, ${done.ended} ended`,
      );
    for (const each of json ? [] : unknown) say(`not taken, nobody of the on-call file is named: ${each}`);
    return unknown.length > 0 ? 1 : 0;
  });

function read<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof RangeError) throw new NightshiftError('FILE_INVALID', `${file}: ${cause.message}`, { cause });
    throw cause;
  }
}

const ask = (oncall: OnCall, asked: NewOverride[], by: string, json: boolean) =>
  withDatabase(async (db) => tell(oncall, await askOverrides(db, asked, by), json));

/** Throws BODY_INVALID that names what is wrong with it; NOT_FOUND where the file has no such schedule. */
function override(
  oncall: OnCall,
  id: string,
  who: Pick<NewOverride, 'person' | 'insteadOf' | 'reason'>,
  { from, for: lasts }: SpanOptions,
): NewOverride {
  const [schedule] = schedulesOf(oncall, id);
  const startsAt = readLocal(from, schedule!.timeZone);
  const refuse = (message: string) => new NightshiftError('BODY_INVALID', message);
  if (startsAt === null)
    throw refuse(`from: "${from}" must be a local time of ${schedule!.timeZone}, such as 2026-01-05T18:00`);
  for (const person of [who.person, who.insteadOf])
    if (person !== null && !oncall.people.some((each) => each.id === person))
      throw refuse(`person: the on-call file knows no "${person}"`);
  return accept(NewOverride, { schedule: id, ...who, startsAt, endsAt: startsAt + lasts }, 'override');
}

function tell(oncall: OnCall, overrides: readonly OnCallOverride[], json: boolean): number {
  if (json) say(JSON.stringify(overrides));
  for (const each of json ? [] : overrides) {
    const zone = oncall.schedules.find(({ id }) => id === each.schedule)?.timeZone ?? 'UTC';
    const time = `${writeLocal(each.startsAt, zone)} to ${writeLocal(each.endsAt, zone)}`;
    const what = `${each.person} instead of ${each.insteadOf ?? 'everybody'}`;
    say(
      `${String(each.exchange).padEnd(5)}${each.schedule.padEnd(16)}${time}  ${what}, ${stateOf(each)} (${each.by}: ${each.reason})`,
    );
  }
  return 0;
}

function stateOf({ endedAt, endedBy, needs, agreedAt }: OnCallOverride): string {
  if (endedAt !== null) return `ended by ${endedBy}`;
  return needs === null || agreedAt !== null ? 'counts' : `waits for the word of ${needs}`;
}
