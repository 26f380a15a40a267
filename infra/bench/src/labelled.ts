import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readTable } from './table.ts';

/** Series with the labels of what they belong to. Detectors warm up on the rows before `first` and are measured from there. */
export type Group = { name: string; at: Float64Array; label: Float64Array; first: number; series: Float64Array[] };

/** Every `.csv.gz` of a folder with columns timestamp, label, part (train, then test); all others are series. */
export function loadGroups(folder: string): Group[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.csv.gz'))
    .toSorted()
    .map((name) => {
      const { numbers, texts } = readTable(join(folder, name), ['part']);
      return {
        name: name.replace('.csv.gz', ''),
        at: numbers.get('timestamp')!,
        label: numbers.get('label')!,
        first: texts.get('part')!.indexOf('test'),
        series: [...numbers]
          .filter(([column]) => column !== 'timestamp' && column !== 'label')
          .map(([, values]) => values),
      };
    });
}
