import type { Severity } from '@nightshift/types';

/** One anomalous sample. */
export type AnomalousSample = {
  at: number;
  seriesId: number;
  /** When its episode began. */
  startedAt: number;
  score: number;
  severity: Severity;
  value: number;
  expected: number;
};

/** All anomalous samples of a replay, in the order in which they were found: 45 bytes each. */
export type Signals = {
  add(sample: AnomalousSample): void;
  /** In the order of their time. */
  inOrder(): Iterable<AnomalousSample>;
};

const fields = 6;

export function makeSignals(): Signals {
  let [numbers, severe, count] = [new Float64Array(fields * 64), new Uint8Array(64), 0];
  const grow = () => {
    const [more, moreSevere] = [new Float64Array(numbers.length * 2), new Uint8Array(severe.length * 2)];
    more.set(numbers);
    moreSevere.set(severe);
    [numbers, severe] = [more, moreSevere];
  };
  const read = (i: number): AnomalousSample => {
    const from = i * fields;
    return {
      at: numbers[from]!,
      seriesId: numbers[from + 1]!,
      startedAt: numbers[from + 2]!,
      score: numbers[from + 3]!,
      value: numbers[from + 4]!,
      expected: numbers[from + 5]!,
      severity: severe[i] === 1 ? 'critical' : 'warning',
    };
  };
  return {
    add({ at, seriesId, startedAt, score, value, expected, severity }) {
      if (count === severe.length) grow();
      numbers.set([at, seriesId, startedAt, score, value, expected], count * fields);
      severe[count++] = severity === 'critical' ? 1 : 0;
    },
    *inOrder() {
      const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
        (a, b) => numbers[a * fields]! - numbers[b * fields]! || a - b,
      );
      for (const i of order) yield read(i);
    },
  };
}
