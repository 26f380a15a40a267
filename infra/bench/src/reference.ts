import type { Judged } from './cost.ts';

const size = 60;
const least = 30;

/**
 * The rule this project set out to replace: |z| against mean and deviation of the last 60 values, whatever they were, from 30
 * on. A flat line never fires. Returns |z| of each value in turn.
 */
export function referenceZscore(): (value: number) => number {
  const window = new Float64Array(size);
  let seen = 0;
  return (value) => {
    const n = Math.min(seen, size);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) sum += window[i]!;
    const mean = sum / n;
    for (let i = 0; i < n; i++) squares += (window[i]! - mean) ** 2;
    const deviation = Math.sqrt(squares / n);
    window[seen++ % size] = value;
    return n < least || deviation === 0 ? 0 : Math.abs(value - mean) / deviation;
  };
}

/** The same for many series: a window and a count of each is all that it keeps. */
export function referenceOfMany(): Judged {
  const judges = new Map<number, (value: number) => number>();
  return {
    observe(id, _metric, _at, value) {
      let judge = judges.get(id);
      if (!judge) judges.set(id, (judge = referenceZscore()));
      return judge(value);
    },
    bytes: () => judges.size * (size + 1) * Float64Array.BYTES_PER_ELEMENT,
  };
}
