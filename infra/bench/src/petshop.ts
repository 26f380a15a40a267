import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  calibrateEvidence,
  createDetector,
  evidenceScore,
  evidenceWindow,
  rankSuspects,
  ruleFor,
  type EvidenceTail,
  type Sickness,
} from '@nightshift/detection';
import { DetectionConfig } from '@nightshift/types';

/** How often the node at which a fault was injected comes first, and among the first three, of all that the symptom depends on. */
export type CauseFigures = {
  issues: number;
  first: number;
  firstThree: number;
  byTraffic: Record<string, [number, number]>;
};

type Column = { node: string; metric: string; statistic: string; cell: number };
type Metrics = { columns: Column[]; rows: { at: number; cells: string[] }[] };
type Target = { target: { node: string; timestamp: number }; root_cause: { node: string } };

const windowMs = 300_000;
const config = DetectionConfig.parse({
  schema: 1,
  detector: 'adaptive',
  rules: [
    { metric: 'latency', harm: 'up' },
    { metric: 'availability', harm: 'down' },
    { metric: 'requests', judge: false },
  ],
  composite: { windowSeconds: windowMs / 1_000 },
});

/** Ranks the causes of every issue. Each node learns from the traffic without issues, its own where there is some, set just before. */
export function benchCauses(folder: string): CauseFigures {
  const figures: CauseFigures = { issues: 0, first: 0, firstThree: 0, byTraffic: {} };
  const own = (traffic: string) => join(folder, traffic, 'noissue', 'metrics.csv');
  for (const traffic of readdirSync(folder).filter((name) => existsSync(join(folder, name, 'train')))) {
    const past = readMetrics(existsSync(own(traffic)) ? own(traffic) : own('low_traffic'));
    const graph = readGraph(join(folder, traffic, 'graph.csv'));
    const of: [number, number] = [0, 0];
    const issues = readdirSync(join(folder, traffic, 'train'));
    for (const issue of issues) {
      const path = join(folder, traffic, 'train', issue);
      const { target, root_cause } = JSON.parse(readFileSync(join(path, 'target.json'), 'utf8')) as Target;
      const found = sicknessOf(past, readMetrics(join(path, 'metrics.csv')), target.timestamp * 1_000);
      const suspects = rankSuspects(target.node, found, (node) => graph.get(node) ?? []);
      const rank = suspects.findIndex(({ service }) => service === root_cause.node);
      if (rank === 0) of[0]++;
      if (rank >= 0 && rank < 3) of[1]++;
    }
    figures.byTraffic[traffic] = of;
    figures.issues += issues.length;
    figures.first += of[0];
    figures.firstThree += of[1];
  }
  return figures;
}

/** How far out each node is around the symptom at `symptomAt`, against before. */
function sicknessOf(past: Metrics, issue: Metrics, symptomAt: number): Sickness[] {
  const shiftMs = issue.rows[0]!.at - windowMs - past.rows.at(-1)!.at;
  return [...new Set(issue.columns.map(({ node }) => node))].map((service) => {
    const columns = issue.columns.filter(({ node }) => node === service);
    const judge = nodeJudge(columns.length);
    const earlier = columns.map((column) => past.columns.find((each) => isSame(each, column))?.cell);
    for (const { at, cells } of past.rows) judge(at + shiftMs, columns, earlier, cells);
    const own = columns.map(({ cell }) => cell);
    const scores = issue.rows.map(({ at, cells }) => ({ at, score: judge(at, columns, own, cells) }));
    const now = scores.filter(({ at }) => Math.abs(at - symptomAt) <= windowMs);
    const before = scores.filter(({ at }) => at < symptomAt - windowMs);
    const most = (all: typeof scores) => Math.max(0, ...all.map(({ score }) => score));
    const onsetAt = now.find(({ score }) => score >= 2)?.at ?? symptomAt;
    return { service, score: most(now), before: most(before), onsetAt };
  });
}

/** The calibrated evidence of one node, row by row: what the detector knows of a service. */
function nodeJudge(series: number) {
  const [detector, evidence] = [createDetector(config), evidenceWindow(windowMs)];
  let tail: EvidenceTail | null = null;
  return (at: number, columns: Column[], cells: (number | undefined)[], row: string[]): number => {
    columns.forEach(({ metric }, i) => {
      const cell = cells[i] === undefined ? '' : row[cells[i]];
      if (!cell) return;
      const rule = ruleFor(config, { metric });
      const verdict = detector.observe(i + 1, metric, at, Number(cell), rule);
      evidence.note(i + 1, at, evidenceScore(config, rule, at, verdict));
    });
    const calibrated = calibrateEvidence(tail, { now: at, sum: evidence.sum(at), series, windowMs });
    tail = calibrated.tail;
    return calibrated.unusual;
  };
}

const isSame = (a: Column, b: Column) => a.node === b.node && a.metric === b.metric && a.statistic === b.statistic;

/** Three lines of names (node, metric, statistic), maybe one of the index, then rows of epoch seconds and values; some are empty. */
function readMetrics(file: string): Metrics {
  const [nodes, metrics, statistics, ...rows] = readCells(file);
  return {
    columns: nodes!
      .slice(1)
      .map((node, i) => ({ node, metric: metrics![i + 1]!, statistic: statistics![i + 1]!, cell: i + 1 })),
    rows: rows.flatMap((cells) => (Number(cells[0]) > 0 ? [{ at: Number(cells[0]) * 1_000, cells }] : [])),
  };
}

/** A matrix: 1 where the node of the row calls the node of the column. */
function readGraph(file: string): Map<string, string[]> {
  const [names, ...rows] = readCells(file);
  return new Map(rows.map(([node, ...calls]) => [node!, names!.slice(1).filter((_, i) => Number(calls[i]) > 0)]));
}

const readCells = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(','));
