import { parseArgs } from 'node:util';
import { redisAvailable } from '@nightshift/testkit';
import { mutants } from './mutants.ts';
import { amountsFor, type Amounts } from './plan.ts';

export type Options = Amounts & {
  seed: number;
  queue: 'redis' | 'postgres';
  mutant: string | null;
  json: boolean;
  keep: boolean;
};

export const usage = `test:faults [--kills N] [--stops N] [--wipes N] [--restarts N] [--seed S] [--queue redis|postgres] [--mutant NAME] [--keep] [--json]
Runs Nightshift as processes against a platform that counts its effects, and kills, stops and wipes parts of it at their worst moments.
  --kills N     kill -9 of executors and diagnostics, mostly (default 500)
  --stops N     SIGSTOP beyond the lease (default 0.19 of the kills)
  --wipes N     the queue flushed, or its Redis killed with and without its log (default 0.03 of the kills)
  --restarts N  Postgres stopped immediately and started again (default 0.01 of the kills)
  --seed S      what happens in which order (default: random, and printed)
  --queue Q     redis (default where redis-server is installed) or postgres
  --mutant M    an executor with one safety taken out, which must be found out: ${Object.keys(mutants).join(', ')}
  --keep        keep logs, database and the platform's ledger, and say where
  --json        end with one line of JSON: kills, stops, wipes, restarts, incidents, lost, duplicated, exceeded, unfinished
Progress goes to stderr. Exit code 0: the last four are 0; 1: they are not; 2: wrong usage. 500 kills take about a quarter of an hour.
Examples:
  npm run -s test:faults -- --kills 60 --seed 1 --json
  npm run -s test:faults -- --kills 20 --queue postgres
  npm run -s test:faults -- --kills 30 --mutant no-limits`;

/** Throws an Error that says which option is wrong. */
export function readOptions(args: string[]): Options | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      kills: text,
      stops: text,
      wipes: text,
      restarts: text,
      seed: text,
      queue: text,
      mutant: text,
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const whole = (name: 'kills' | 'stops' | 'wipes' | 'restarts' | 'seed', otherwise: number, most: number) => {
    const given = values[name];
    const value = given === undefined ? otherwise : Number(given);
    if (!Number.isInteger(value) || value < 0 || value > most || given === '')
      throw new Error(`--${name} must be a whole number from 0 to ${most}, not "${given}"`);
    return value;
  };
  const kills = whole('kills', 500, 100_000);
  const usual = amountsFor(kills);
  const queue = values.queue ?? (redisAvailable() ? 'redis' : 'postgres');
  if (queue !== 'redis' && queue !== 'postgres') throw new Error(`--queue must be redis or postgres, not "${queue}"`);
  const mutant = values.mutant ?? null;
  if (mutant !== null && !(mutant in mutants))
    throw new Error(`--mutant must be one of ${Object.keys(mutants).join(', ')}, not "${mutant}"`);
  return {
    kills,
    stops: whole('stops', usual.stops, 100_000),
    wipes: whole('wipes', usual.wipes, 100_000),
    restarts: whole('restarts', usual.restarts, 100_000),
    seed: whole('seed', Math.floor(Math.random() * 1e6), 2 ** 31),
    queue,
    mutant,
    keep: values.keep,
    json: values.json,
  };
}
