import { judgeSeries, type Algorithm } from '../algorithms.ts';
import type { NabFile, Profile } from './corpus.ts';
import { byScore, profiles, rowsOf, scoreAt, sweep } from './score.ts';

export type NabFigures = { profile: Profile; swept: number; threshold: number; frozen: number }[];

/** The benchmark's score of a detector: at the best threshold of each profile, and at the one it alarms at. */
export function runNab(algorithm: Algorithm, files: NabFile[]): NabFigures {
  const rows = rowsOf(
    files,
    files.map(({ at, value }) => judgeSeries(algorithm, at, value)),
  );
  const order = byScore(rows);
  return (Object.keys(profiles) as Profile[]).map((profile) => {
    const { score, threshold } = sweep(rows, profile, order);
    return { profile, swept: score, threshold, frozen: scoreAt(rows, profile, algorithm.threshold, order) };
  });
}
