import { userInfo } from 'node:os';
import { now } from '@nightshift/db';
import { addFreeze as add, declaredFreezes, endFreeze as end, listFreezes as list } from '@nightshift/lifecycle';
import { freezeInWords, frozenAt, loadFreezes } from '@nightshift/runbooks';
import { valueOf } from '@nightshift/runtime';
import { NewFreeze, NightshiftError, type Freeze } from '@nightshift/types';
import { folders } from '../folders.ts';
import { withDatabase } from './database.ts';

export type FreezeOptions = {
  service?: string;
  for: number;
  in: number;
  reason: string;
  by?: string;
  json: boolean;
};

const say = (text: string) => void process.stdout.write(`${text}\n`);
const moment = (at: number) => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
const whoami = (by: string | undefined) => by ?? userInfo().username;
const aboutOf = ({ service }: Freeze) => (service === null ? 'everything' : `service ${service}`);

/** Declares a freeze. Throws BODY_INVALID that names what is wrong with it. */
export const addFreeze = (options: FreezeOptions) =>
  withDatabase(async (db) => {
    const startsAt = Math.round(await now(db)) + options.in;
    const { service, reason } = options;
    const parsed = NewFreeze.safeParse({ service, startsAt, endsAt: startsAt + options.for, reason });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new NightshiftError('BODY_INVALID', `${issue!.path.join('.') || 'freeze'}: ${issue!.message}`);
    }
    const freeze = await add(db, parsed.data, whoami(options.by));
    say(
      options.json
        ? JSON.stringify(freeze)
        : `freeze ${freeze.id}: nothing is done to ${aboutOf(freeze)} until ${moment(freeze.endsAt)} UTC`,
    );
    return 0;
  });

/** What is frozen now, by the calendar too, and the declared ones to come and over lately. */
export const showFreezes = (options: { json: boolean; since: number }) =>
  withDatabase(async (db) => {
    const calendar = valueOf(await loadFreezes(folders().configDir));
    const [declared, at] = [await list(db, options.since), await now(db)];
    const frozen = frozenAt(calendar, await declaredFreezes(db), at);
    if (options.json) say(JSON.stringify({ frozen, declared, calendar: calendar.freezes }));
    else {
      for (const each of frozen) say(freezeInWords(each));
      if (frozen.length === 0) say('nothing is frozen now');
      for (const freeze of declared) say(line(freeze, at));
    }
    return 0;
  });

function line(freeze: Freeze, at: number): string {
  const { id, startsAt, endsAt, endedAt, endedBy, by, reason } = freeze;
  const state =
    endedAt !== null
      ? `ended ${moment(endedAt)} by ${endedBy}`
      : endsAt <= at
        ? `over since ${moment(endsAt)}`
        : startsAt > at
          ? `from ${moment(startsAt)} to ${moment(endsAt)}`
          : `until ${moment(endsAt)}`;
  return `${String(id).padEnd(5)}${state.padEnd(42)}${aboutOf(freeze).padEnd(34)}${by}: ${reason}`;
}

export const endFreeze = (id: number, options: { by?: string }) =>
  withDatabase(async (db) => {
    const freeze = await end(db, id, whoami(options.by));
    say(`freeze ${id} is over: ${aboutOf(freeze)}`);
    return 0;
  });
