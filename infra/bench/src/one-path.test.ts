/** What `nightshift backtest --scores` writes and what is measured here must be one and the same. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scoreFile } from '@nightshift/backtest';
import { DetectionConfig } from '@nightshift/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { algorithms, judgeSeries } from './algorithms.ts';
import type { NabFile } from './nab/corpus.ts';
import { byScore, profiles, rowsOf, scoreAt, sweep } from './nab/score.ts';
import { readTable } from './table.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

const adaptive = algorithms[0]!;
const config = DetectionConfig.parse({ schema: 1, detector: adaptive.name });
const rows = 4_000;
const at = Float64Array.from({ length: rows }, (_, i) => 1_700_000_000_000 + i * 300_000);
/** A day's wave, a ramp with steps, a spiky one; each with something wrong inside its window, and something odd outside. */
const shapes: ((i: number) => number)[] = [
  (i) => 50 + 20 * Math.sin((i * 2 * Math.PI) / 288) + (i % 13) / 10 + (i >= 3_000 && i < 3_020 ? 35 : 0),
  (i) => i / 100 + (i % 5) + (i >= 2_000 && i < 2_040 ? -9 : 0),
  (i) => (i % 97 === 0 ? 30 : 3) + (i % 7) / 3 + (i >= 3_500 ? 12 : 0) + (i === 1_500 ? 80 : 0),
];
const windows: [number, number][] = [
  [2_990, 3_040],
  [1_990, 2_060],
  [3_490, 3_600],
];
const files: NabFile[] = shapes.map((shape, f) => ({
  name: `${f}.csv`,
  at,
  value: Float64Array.from({ length: rows }, (_, i) => shape(i)),
  windows: [windows[f]!],
}));

test('scores that were written to files are scored as those that never left the process', async () => {
  const written = await Promise.all(
    files.map(async ({ name, value }) => {
      const lines = Array.from(value, (each, i) => `${at[i]! / 1_000},${each}`);
      await writeFile(join(folder, name), `timestamp,value\n${lines.join('\n')}\n`);
      await scoreFile(join(folder, name), join(folder, `scores-${name}`), config);
      return readTable(join(folder, `scores-${name}`)).numbers;
    }),
  );
  const inProcess = files.map((file) => judgeSeries(adaptive, file.at, file.value));
  written.forEach((numbers, f) => {
    expect(numbers.get('score')).toEqual(inProcess[f]);
    expect(numbers.get('alarm')).toEqual(inProcess[f]!.map((score) => Number(score >= adaptive.threshold)));
  });
  const fromFiles = rowsOf(
    files,
    written.map((numbers) => numbers.get('score')!),
  );
  const computed = rowsOf(files, inProcess);
  for (const profile of Object.keys(profiles) as (keyof typeof profiles)[]) {
    expect(scoreAt(fromFiles, profile, adaptive.threshold)).toBe(scoreAt(computed, profile, adaptive.threshold));
    expect(sweep(fromFiles, profile)).toEqual(sweep(computed, profile, byScore(computed)));
  }
  expect(sweep(computed, 'standard').score).toBeGreaterThan(50);
});
