import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DetectionConfig } from '@nightshift/types';
import { algorithms, type Algorithm } from './algorithms.ts';
import { measureCost, type Cost } from './cost.ts';
import { runEvents, runIncidents, type GroupFigures } from './events-run.ts';
import type { EventFigures } from './events.ts';
import { benchFleet, type FleetFigures } from './fleet.ts';
import { loadGroups } from './labelled.ts';
import { loadCorpus } from './nab/corpus.ts';
import { proveScorer, type Proof } from './nab/prove.ts';
import { runNab, type NabFigures } from './nab/run.ts';
import { benchCauses, type CauseFigures } from './petshop.ts';

/** A set that is absent is `null` and has a line in `absent` that says how to get it. */
export type Figures = {
  proof: Proof[] | null;
  algorithms: {
    name: string;
    threshold: number;
    nab: NabFigures | null;
    kpi: EventFigures | null;
    asd: GroupFigures | null;
    cost: Cost[];
  }[];
  causes: CauseFigures | null;
  /** How many times fewer false alarms (of ASD: false incidents) than the reference's z-score; null: not measured. */
  fewerFalseAlarms: { kpi: number | null; asd: number | null };
  /** One service of 700 noisy series; nothing has to be fetched for it. */
  fleet: FleetFigures;
  absent: string[];
};

const sources = {
  nab: 'https://github.com/numenta/NAB',
  kpi: 'https://github.com/NetManAIOps/KPI-Anomaly-Detection',
  asd: 'https://github.com/zhhlee/InterFusion',
  petshop: 'https://github.com/amazon-science/petshop-root-cause-analysis',
};

/**
 * Measures everything there is data for in `folder`. `sizes`: the numbers of series to measure the cost at. `say` is told what is
 * being done.
 */
export function benchDetection(folder: string, sizes: number[], say: (what: string) => void): Figures {
  const absent: string[] = [];
  const load = <T>(set: keyof typeof sources, read: (path: string) => T): T | null => {
    const path = join(folder, set);
    if (existsSync(path)) {
      say(`reading ${path}`);
      return read(path);
    }
    absent.push(
      `${set}: skipped, no folder ${path}. Get it from ${sources[set]}, in the form that infra/bench/README.md says`,
    );
    return null;
  };
  const nab = load('nab', loadCorpus);
  const kpi = load('kpi', loadGroups);
  const asd = load('asd', loadGroups);
  const measure = (algorithm: Algorithm) => {
    const { name, threshold } = algorithm;
    const of = <T, R>(set: string, data: T | null, run: (data: T) => R): R | null => {
      if (data === null) return null;
      say(`${name}: ${set}`);
      return run(data);
    };
    return {
      name,
      threshold,
      nab: of('NAB', nab, (files) => runNab(algorithm, files)),
      kpi: of('KPI', kpi, (groups) => runEvents(algorithm, groups)),
      asd: of('ASD', asd, (groups) => ({
        any: runEvents(algorithm, groups),
        ...(isOurs(name) ? runIncidents(name, groups) : { together: null, counts: null }),
      })),
      cost: sizes.map((series) => {
        say(`${name}: cost of ${series} series`);
        return measureCost(algorithm.ofMany(), series);
      }),
    };
  };
  if (nab) say('proving the scorer on published detectors');
  const proof = nab && proveScorer(join(folder, 'nab'), nab);
  const measured = algorithms.map(measure);
  const causes = load('petshop', benchCauses);
  say('a fleet of noisy series');
  return { proof, algorithms: measured, causes, fewerFalseAlarms: fewerFalse(measured), fleet: benchFleet(), absent };
}

/** The default detector against the reference. */
function fewerFalse(measured: Figures['algorithms']): Figures['fewerFalseAlarms'] {
  const [ours, reference] = [measured[0]!, measured.at(-1)!];
  const ratio = (one?: EventFigures | null, other?: EventFigures | null) =>
    one && other ? other.falsePerDay / one.falsePerDay : null;
  return { kpi: ratio(ours.kpi, reference.kpi), asd: ratio(ours.asd?.together, reference.asd?.any) };
}

const isOurs = (name: string): name is DetectionConfig['detector'] => name === 'adaptive' || name === 'zscore';
