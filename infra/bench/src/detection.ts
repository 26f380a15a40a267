import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DetectionConfig } from '@nightshift/types';
import { algorithms } from './algorithms.ts';
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

/** Measures everything there is data for in `folder`. `sizes`: the numbers of series to measure the cost at. */
export function benchDetection(folder: string, sizes: number[]): Figures {
  const absent: string[] = [];
  const load = <T>(set: keyof typeof sources, read: (path: string) => T): T | null => {
    const path = join(folder, set);
    if (existsSync(path)) return read(path);
    absent.push(
      `${set}: skipped, no folder ${path}. Get it from ${sources[set]}, in the form that infra/bench/README.md says`,
    );
    return null;
  };
  const nab = load('nab', loadCorpus);
  const kpi = load('kpi', loadGroups);
  const asd = load('asd', loadGroups);
  return {
    proof: nab && proveScorer(join(folder, 'nab'), nab),
    algorithms: algorithms.map((algorithm) => ({
      name: algorithm.name,
      threshold: algorithm.threshold,
      nab: nab && runNab(algorithm, nab),
      kpi: kpi && runEvents(algorithm, kpi),
      asd: asd && {
        any: runEvents(algorithm, asd),
        ...(isOurs(algorithm.name) ? runIncidents(algorithm.name, asd) : { together: null, counts: null }),
      },
      cost: sizes.flatMap((series) => (algorithm.detector ? [measureCost(algorithm.detector(), series)] : [])),
    })),
    causes: load('petshop', benchCauses),
    fleet: benchFleet(),
    absent,
  };
}

const isOurs = (name: string): name is DetectionConfig['detector'] => name === 'adaptive' || name === 'zscore';
