import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { algorithms } from './algorithms.ts';
import { runEvents, runIncidents } from './events-run.ts';
import { loadGroups } from './labelled.ts';
import { loadCorpus } from './nab/corpus.ts';
import { proveScorer } from './nab/prove.ts';
import { runNab } from './nab/run.ts';
import { benchCauses } from './petshop.ts';

const folder = process.env.NIGHTSHIFT_BENCH_DATA ?? 'data';
const has = (set: string) => existsSync(join(folder, set));
const adaptive = algorithms[0]!;
const minutes = 60_000;
const reason = 'needs folders nab, kpi and asd in NIGHTSHIFT_BENCH_DATA or ./data';
const absent = !['nab', 'kpi', 'asd'].every(has);

/** A little below what docs/detection.md says, so that a change that costs something is noticed. */
describe('figures of the adaptive detector', () => {
  test('NAB: the scorer is proved, and the detector has not become worse', { timeout: 5 * minutes }, ({ skip }) => {
    skip(absent, reason);
    const files = loadCorpus(join(folder, 'nab'));
    expect(proveScorer(join(folder, 'nab'), files)).toHaveLength(6);
    const [standard, lowFalsePositives, lowFalseNegatives] = runNab(adaptive, files);
    expect(standard!.swept).toBeGreaterThan(71.8);
    expect(standard!.frozen).toBeGreaterThan(71.7);
    expect(lowFalsePositives!.swept).toBeGreaterThan(62.8);
    expect(lowFalseNegatives!.swept).toBeGreaterThan(77.4);
  });

  test('KPI: events and false alarms at the frozen threshold', { timeout: 5 * minutes }, ({ skip }) => {
    skip(absent, reason);
    const { recall, falsePerDay, medianDelayMs } = runEvents(adaptive, loadGroups(join(folder, 'kpi')));
    expect(recall).toBeGreaterThan(0.645);
    expect(falsePerDay).toBeLessThan(0.17);
    expect(medianDelayMs).toBeLessThanOrEqual(minutes);
  });

  test('ASD: events and false alarms at the frozen threshold', { timeout: 5 * minutes }, ({ skip }) => {
    skip(absent, reason);
    const { recall, falsePerDay } = runIncidents('adaptive', loadGroups(join(folder, 'asd'))).together;
    expect(recall).toBeGreaterThan(0.55);
    expect(falsePerDay).toBeLessThan(0.15);
  });

  test('PetShop: the cause is found in the call graph', { timeout: 5 * minutes }, ({ skip }) => {
    skip(!has('petshop'), 'needs a folder petshop in NIGHTSHIFT_BENCH_DATA or ./data');
    const { issues, first, firstThree } = benchCauses(join(folder, 'petshop'));
    expect(first / issues).toBeGreaterThanOrEqual(0.75);
    expect(firstThree / issues).toBeGreaterThanOrEqual(0.9);
  });
});
