import { now } from '@nightshift/db';
import type { Db } from '@nightshift/db';
import {
  lookAtSeries,
  seriesByService,
  type SeenSeries,
  type SeriesPage,
  type SeriesQuestion,
} from '@nightshift/runtime';
import { say } from '../speak.ts';
import { withDatabase } from './database.ts';

export type SeriesOptions = { service?: string; name?: string; after: number; limit: number; json: boolean };

/** Detectors answer once a second; the first look at a series has no answer yet. */
const waitMs = { most: 4_000, each: 500 };

/** Shows what arrives: how many series each service has, or, with a service or a name, the series with their last value and state. */
export const series = (options: SeriesOptions): Promise<number> =>
  withDatabase(async (db) => {
    if (options.service === undefined && options.name === undefined) return services(db, options.json);
    const { json, ...question } = options;
    const page = await answered(db, question);
    if (json) say(JSON.stringify(page));
    else showPage(page, await now(db));
    return 0;
  });

async function services(db: Db, json: boolean): Promise<number> {
  const rows = await seriesByService(db);
  if (json) say(JSON.stringify(rows));
  else if (rows.length === 0) say('no series has arrived yet: docs/ingest.md has the lines for each sender');
  else {
    say(`${'series'.padStart(9)}  ${'newest'.padEnd(20)}  service`);
    for (const { service, series: count, newestAt } of rows)
      say(`${String(count).padStart(9)}  ${new Date(newestAt).toISOString().slice(0, 19).padEnd(20)}  ${service}`);
  }
  return 0;
}

/** A page of series once their detectors have told of all, or no longer than a few seconds. */
async function answered(db: Db, question: SeriesQuestion): Promise<SeriesPage> {
  for (const until = performance.now() + waitMs.most; ;) {
    const page = await lookAtSeries(db, question);
    if (page.series.every(({ state }) => state !== null) || performance.now() > until) return page;
    await new Promise((resolve) => setTimeout(resolve, waitMs.each));
  }
}

function showPage({ series: rows, next }: SeriesPage, at: number): void {
  if (rows.length === 0) return say('there is no such series');
  say(`${'id'.padStart(8)}  ${'state'.padEnd(9)}  ${'value'.padStart(12)}  ${'ago'.padStart(6)}  series`);
  for (const row of rows) say(line(row, at));
  if (next !== null) say(`more: add --after ${next}`);
}

function line({ id, state, value, at: last, name, labels }: SeenSeries, at: number): string {
  const shown = value === null ? '–' : String(Number(value.toPrecision(6)));
  const ago = last === null ? '–' : `${Math.max(0, Math.round((at - last) / 1_000))} s`;
  const set = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return `${String(id).padStart(8)}  ${(state ?? '–').padEnd(9)}  ${shown.padStart(12)}  ${ago.padStart(6)}  ${name}{${set.join(', ')}}`;
}
