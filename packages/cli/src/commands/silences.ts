import { now } from '@nightshift/db';
import { addSilence as add, endSilence as end, listSilences as list } from '@nightshift/lifecycle';
import { NewSilence, NightshiftError, type Silence } from '@nightshift/types';
import { accept, moment, say, stateOf, whoami } from '../speak.ts';
import { withDatabase } from './database.ts';

export type AddOptions = {
  service?: string;
  metric?: string;
  label: string[];
  for: number;
  in: number;
  reason: string;
  by?: string;
  json: boolean;
};

/** Adds a silence. Throws BODY_INVALID that names what is wrong with it. */
export const addSilence = (options: AddOptions) =>
  withDatabase(async (db) => {
    const at = Math.round(await now(db));
    const startsAt = at + options.in;
    const asked = {
      service: options.service,
      metric: options.metric,
      labels: Object.fromEntries(options.label.map(labelOf)),
      startsAt,
      endsAt: startsAt + options.for,
      reason: options.reason,
    };
    const silence = await add(db, accept(NewSilence, asked, 'silence'), whoami(options.by));
    say(
      options.json
        ? JSON.stringify(silence)
        : `silence ${silence.id}: ${aboutOf(silence)}, until ${moment(silence.endsAt)} UTC`,
    );
    return 0;
  });

export const listSilences = (options: { json: boolean; since: number }) =>
  withDatabase(async (db) => {
    const [silences, at] = [await list(db, options.since), await now(db)];
    if (options.json) say(JSON.stringify(silences));
    else if (silences.length === 0) say('no silence is in force, to come, or over lately');
    for (const silence of options.json ? [] : silences) {
      const { id, by, reason } = silence;
      say(`${String(id).padEnd(5)}${stateOf(silence, at).padEnd(42)}${aboutOf(silence).padEnd(34)}${by}: ${reason}`);
    }
    return 0;
  });

export const endSilence = (id: number, options: { by?: string }) =>
  withDatabase(async (db) => {
    const silence = await end(db, id, whoami(options.by));
    say(`silence ${id} is over: ${aboutOf(silence)}. What still fires counts again with its next sample`);
    return 0;
  });

function labelOf(text: string): [string, string] {
  const [name, value] = text.split(/=(.*)/s);
  if (!name || !value) throw new NightshiftError('BODY_INVALID', `label "${text}": must be name=value`);
  return [name, value];
}

const aboutOf = ({ service, metric, labels }: Silence) =>
  [
    ...(service === null ? [] : [`service ${service}`]),
    ...(metric === null ? [] : [`metric ${metric}`]),
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
  ].join(', ');
