import { createDetector, type Detector } from '@nightshift/detection';
import { DetectionConfig } from '@nightshift/types';

export type Algorithm = { name: string; detector: DetectionConfig['detector']; threshold: number };

/** What is measured: this detector at its frozen threshold, the reference's z-score at its warning threshold. */
export const algorithms: Algorithm[] = [
  { name: 'adaptive', detector: 'adaptive', threshold: 3.1 },
  { name: 'zscore', detector: 'zscore', threshold: 3 },
];

/** A detector at its default settings: the same for every data set. */
export function fresh({ detector }: Algorithm): Detector {
  return createDetector(DetectionConfig.parse({ schema: 1, detector }));
}

export type Judged = { alarmScore: Float64Array; alarm: Uint8Array };

/** Runs a fresh detector over one series. */
export function judgeSeries(algorithm: Algorithm, at: Float64Array, value: Float64Array): Judged {
  const detector = fresh(algorithm);
  const judged: Judged = { alarmScore: new Float64Array(at.length), alarm: new Uint8Array(at.length) };
  for (let i = 0; i < at.length; i++) {
    const verdict = detector.observe(1, 'value', at[i]!, value[i]!);
    judged.alarmScore[i] = verdict.alarmScore;
    judged.alarm[i] = verdict.alarm ? 1 : 0;
  }
  return judged;
}
