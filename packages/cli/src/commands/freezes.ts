import { now } from '@nightshift/db';
import { addFreeze as add, declaredFreezes, endFreeze as end, listFreezes as list } from '@nightshift/lifecycle';
import { freezeInWords, frozenAt, loadFreezes } from '@nightshift/runbooks';
import { valueOf } from '@nightshift/runtime';
import { NewFreeze, type Freeze } from '@nightshift/types';
import { folders } from '../folders.ts';
import { accept, moment, say, stateOf, whoami } from '../speak.ts';
import { withDatabase } from './database.ts';

export type FreezeOptions = {
  service?: string;
  for: number;
  in: number;
  reason: string;
  by?: string;
  json: boolean;
};

const aboutOf = ({ service }: Freeze) => (service === null ? 'everything' : `service ${service}`);

/** Declares a freeze. Throws BODY_INVALID that names what is wrong with it. */
export const addFreeze = (options: FreezeOptions) =>
  withDatabase(async (db) => {
    const startsAt = Math.round(await now(db)) + options.in;
    const { service, reason } = options;
    const asked = { service, startsAt, endsAt: startsAt + options.for, reason };
    const freeze = await add(db, accept(NewFreeze, asked, 'freeze'), whoami(options.by));
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
  const { id, by, reason } = freeze;
  return `${String(id).padEnd(5)}${stateOf(freeze, at).padEnd(42)}${aboutOf(freeze).padEnd(34)}${by}: ${reason}`;
}

export const endFreeze = (id: number, options: { by?: string }) =>
  withDatabase(async (db) => {
    const freeze = await end(db, id, whoami(options.by));
    say(`freeze ${id} is over: ${aboutOf(freeze)}`);
    return 0;
  });
