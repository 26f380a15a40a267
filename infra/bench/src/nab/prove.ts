import { loadPublished, type NabFile, type Profile } from './corpus.ts';
import { byScore, profiles, rowsOf, scoreAt } from './score.ts';

export type Proof = { detector: string; profile: Profile; published: number; computed: number };

/**
 * Scores detectors whose scores per row, thresholds and results are published. Throws where a result differs in the fourth
 * decimal. Judged at the published threshold: the benchmark's own search misses the best one by a little now and then.
 */
export function proveScorer(folder: string, files: NabFile[]): Proof[] {
  const proofs: Proof[] = [];
  for (const detector of ['windowedGaussian', 'numenta']) {
    const { scores, results, raw } = loadPublished(folder, detector);
    const rows = rowsOf(
      files,
      files.map(({ name }) => scores[name]!),
    );
    const order = byScore(rows);
    for (const profile of Object.keys(profiles) as Profile[]) {
      const computed = scoreAt(rows, profile, raw[profile].threshold, order);
      const published = results[profile];
      if (!(Math.abs(computed - published) < 5e-5))
        throw new Error(`the scorer is wrong: ${detector} ${profile} is ${published}, computed ${computed}`);
      proofs.push({ detector, profile, published, computed });
    }
  }
  return proofs;
}
