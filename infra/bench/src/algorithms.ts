import { alarmScore, createDetector } from '@nightshift/detection';
import { DetectionConfig } from '@nightshift/types';
import type { Judged } from './cost.ts';
import { referenceOfMany, referenceZscore } from './reference.ts';

/** `judge` makes a fresh judge of one series: the alarm score of each sample in turn. An alarm: it reaches the threshold. */
export type Algorithm = {
  name: string;
  threshold: number;
  judge: () => (at: number, value: number) => number;
  /** Of many series at once, for measuring its cost. */
  ofMany: () => Judged;
};

/** At its default settings: the same for every data set. */
function ours(name: DetectionConfig['detector'], threshold: number): Algorithm {
  const detector = () => createDetector(DetectionConfig.parse({ schema: 1, detector: name }));
  const judge = () => {
    const fresh = detector();
    return (at: number, value: number) => fresh.observe(1, 'value', at, value).alarmScore;
  };
  const ofMany = () => {
    const fresh = detector();
    return { observe: fresh.observe, bytes: () => fresh.snapshot().length };
  };
  return { name, threshold, judge, ofMany };
}

/** What is measured: Nightshift's detectors, and the reference's z-score at its warning threshold. */
export const algorithms: Algorithm[] = [
  ours('adaptive', alarmScore),
  ours('zscore', 3),
  {
    name: 'reference z-score',
    threshold: 3,
    judge: () => {
      const judge = referenceZscore();
      return (_at, value) => judge(value);
    },
    ofMany: referenceOfMany,
  },
];

/** Alarm scores of one series, judged by a fresh detector. */
export function judgeSeries(algorithm: Algorithm, at: Float64Array, value: Float64Array): Float64Array {
  const judge = algorithm.judge();
  return Float64Array.from(value, (each, i) => judge(at[i]!, each));
}
