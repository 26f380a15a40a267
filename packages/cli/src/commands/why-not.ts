import { readBreaches } from '@nightshift/lifecycle';
import { withDatabase } from './database.ts';

export type WhyNotOptions = { service?: string; metric?: string; since: number; json: boolean };

/** Why breaches opened no incident of their own. */
export const whyNot = ({ service, metric, since, json }: WhyNotOptions) =>
  withDatabase(async (db) => {
    const breaches = await readBreaches(db, { service, metric, sinceMs: since });
    if (json) process.stdout.write(`${JSON.stringify(breaches)}\n`);
    else if (breaches.length === 0) process.stdout.write('no breach in this time went without an incident\n');
    for (const { service: of, metric: name, labels, because, detail, times, firstAt, lastAt } of json ? [] : breaches) {
      const others = Object.entries(labels ?? {}).filter(([label]) => label !== 'service');
      const series = others.length > 0 ? `{${others.map((label) => label.join('=')).join(',')}}` : '';
      const when = `${times} times, ${clock(firstAt)} to ${clock(lastAt)} UTC`;
      process.stdout.write(`${of} ${name}${series}\n  ${because}: ${detail}\n  ${when}\n`);
    }
    return 0;
  });

const clock = (at: number) => new Date(at).toISOString().slice(5, 19).replace('T', ' ');
