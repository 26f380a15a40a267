import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { epochMs, readTable } from '../table.ts';

/** One file of the Numenta Anomaly Benchmark. Windows are first and last row, both inside. */
export type NabFile = { name: string; at: Float64Array; value: Float64Array; windows: [number, number][] };

export function loadCorpus(folder: string): NabFile[] {
  const labels = JSON.parse(readFileSync(join(folder, 'labels', 'combined_windows.json'), 'utf8')) as Record<
    string,
    [string, string][]
  >;
  return Object.entries(labels).map(([name, windows]) => {
    const { numbers } = readTable(join(folder, 'data', name));
    const at = numbers.get('timestamp')!;
    return {
      name,
      at,
      value: numbers.get('value')!,
      windows: windows.map(([from, to]) => [at.indexOf(epochMs(from)), at.lastIndexOf(epochMs(to))]),
    };
  });
}

export type Profile = 'standard' | 'reward_low_FP_rate' | 'reward_low_FN_rate';
type Published = { [P in Profile]: { score: number; threshold: number } };

/** What the benchmark publishes of one detector: its scores per file, its normalised results, its best thresholds. */
export function loadPublished(folder: string, detector: string) {
  const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
  const scores = JSON.parse(
    gunzipSync(readFileSync(join(folder, 'published-results', `${detector}.json.gz`))).toString(),
  ) as Record<string, number[]>;
  return {
    scores,
    results: json('published-scores.json')[detector] as Record<Profile, number>,
    raw: json('published-thresholds.json')[detector] as Published,
  };
}
