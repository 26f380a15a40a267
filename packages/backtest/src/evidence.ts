import type { Severity } from '@nightshift/types';

/** One sample that is evidence: an anomalous one, or one that is a little out. */
export type Evident = {
  at: number;
  seriesId: number;
  /** What it is out by, as evidence (`evidenceScore`). */
  evidence: number;
  /** When the episode began that it belongs to; NaN: it is no anomaly. */
  startedAt: number;
  score: number;
  value: number;
  expected: number;
  severity: Severity;
  /** In which words a person's own rule says so. */
  declared?: string | undefined;
};

/** All evidence of a replay: 57 bytes a sample, of which there is one in a hundred. */
export type Evidence = {
  add(sample: Evident): void;
  /** In the order of their time. */
  inOrder(): Iterable<Evident>;
};

const fields = 7;

export function makeEvidence(): Evidence {
  let [numbers, severe, count] = [new Float64Array(fields * 64), new Uint8Array(64), 0];
  const declared = new Map<number, string>();
  const grow = () => {
    const [more, moreSevere] = [new Float64Array(numbers.length * 2), new Uint8Array(severe.length * 2)];
    more.set(numbers);
    moreSevere.set(severe);
    [numbers, severe] = [more, moreSevere];
  };
  const read = (i: number): Evident => {
    const field = (offset: number) => numbers[i * fields + offset]!;
    return {
      at: field(0),
      seriesId: field(1),
      evidence: field(2),
      startedAt: field(3),
      score: field(4),
      value: field(5),
      expected: field(6),
      severity: severe[i] ? 'critical' : 'warning',
      declared: declared.get(i),
    };
  };
  return {
    add({ at, seriesId, evidence, startedAt, score, value, expected, severity, declared: words }) {
      if (count === severe.length) grow();
      if (words !== undefined) declared.set(count, words);
      numbers.set([at, seriesId, evidence, startedAt, score, value, expected], count * fields);
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
