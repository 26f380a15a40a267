import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DetectionConfig } from '@nightshift/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvFiles, epochMs, replayCsv } from './replay-csv.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = DetectionConfig.parse({ schema: 1, detector: 'adaptive' });
const lines = Array.from({ length: 300 }, (_, i) => `${1_700_000_000 + i * 60},${i === 250 ? 900 : 100 + (i % 7)},a`);
const read = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));

test('one row for every row, the alarm on the row that is off', async () => {
  await writeFile(join(folder, 'a.csv'), `timestamp,value,label\n${lines.join('\n')}\n`);
  const counted = await replayCsv(join(folder, 'a.csv'), join(folder, 'out', 'a.csv'), config);
  const [header, ...rows] = await read(join(folder, 'out', 'a.csv'));
  expect(header).toEqual(['timestamp', 'value', 'expected', 'low', 'high', 'score', 'alarm']);
  expect(rows).toHaveLength(300);
  expect(rows[250]).toMatchObject({ 0: '1700015000', 1: '900', 6: '1' });
  expect(rows.every((row) => Number(row[5]) >= 0)).toBe(true);
  expect(counted).toEqual({ rows: 300, alarms: rows.filter((row) => row[6] === '1').length });
});

test('gzip, and rows that cannot be judged, keep their place', async () => {
  const text = ['timestamp,value', ...lines.slice(0, 5), '1700000240,7', '1700000300,NaN', 'never,1', '1700000360,'];
  await writeFile(join(folder, 'b.csv.gz'), gzipSync(`${text.join('\r\n')}\r\n`));
  await replayCsv(join(folder, 'b.csv.gz'), join(folder, 'out', 'b.csv'), config);
  const rows = (await read(join(folder, 'out', 'b.csv'))).slice(1);
  expect(rows.map((row) => row[1])).toEqual(['100', '101', '102', '103', '104', '7', 'NaN', '1', '']);
  expect(rows.slice(5).map((row) => row.slice(5))).toEqual([
    ['0', '0'],
    ['0', '0'],
    ['0', '0'],
    ['0', '0'],
  ]);
});

test('a file without the two columns, or that cannot be read, is refused and says why', async () => {
  await writeFile(join(folder, 'c.csv'), 'time,v\n1,2\n');
  await expect(replayCsv(join(folder, 'c.csv'), join(folder, 'out', 'c.csv'), config)).rejects.toThrow('"time,v"');
  await writeFile(join(folder, 'd.csv.gz'), 'not gzip');
  await expect(replayCsv(join(folder, 'd.csv.gz'), join(folder, 'out', 'd.csv'), config)).rejects.toThrow('header');
  await expect(replayCsv(join(folder, 'none.csv'), join(folder, 'out', 'e.csv'), config)).rejects.toThrow('ENOENT');
});

test('files are found in folders below, under their relative paths', async () => {
  await mkdir(join(folder, 'deep', 'er'), { recursive: true });
  for (const name of ['x.csv', 'er/y.csv.gz', 'z.txt']) await writeFile(join(folder, 'deep', name), '');
  expect((await csvFiles(join(folder, 'deep'))).map(({ name }) => name)).toEqual(['er/y.csv.gz', 'x.csv']);
});

test('times may be epoch seconds, epoch ms or ISO, in UTC unless they say otherwise', () => {
  const at = Date.UTC(2014, 1, 14, 14, 30);
  for (const text of ['1392388200', '1392388200000', '2014-02-14 14:30:00', '2014-02-14T15:30:00+01:00'])
    expect(epochMs(text)).toBe(at);
  expect(epochMs('never')).toBeNaN();
});
