import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DetectionConfig } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvFiles, scoreFile } from './index.ts';
import { epochMs } from './times.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scores-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = DetectionConfig.parse({ schema: 1, detector: 'adaptive' });
/** 300 samples a minute apart, of which the 250th is far out. */
const sick = Array.from({ length: 300 }, (_, i) => ({
  at: 1_700_000_000 + i * 60,
  value: i === 250 ? 900 : 100 + (i % 7),
}));

let made = 0;
/** Scores a file of this content; the rows without the header, cell by cell. */
async function scored(content: string, options: { gz?: boolean; config?: DetectionConfig; name?: string } = {}) {
  const name = `${options.name ?? `f${++made}`}.csv${options.gz ? '.gz' : ''}`;
  const [from, to] = [join(folder, name), join(folder, 'out', name)];
  await writeFile(from, options.gz ? gzipSync(content) : content);
  const counted = await scoreFile(from, to, options.config ?? config);
  const bytes = await readFile(to);
  const text = (options.gz ? gunzipSync(bytes) : bytes).toString();
  expect(text.endsWith('\n')).toBe(true);
  const [header, ...lines] = text.trimEnd().split('\n');
  expect(header).toBe('timestamp,value,expected,low,high,score,alarm');
  const rows = lines.map((line) => line.split(','));
  expect(counted).toEqual({ rows: rows.length, alarms: rows.filter((row) => row.at(-1) === '1').length });
  return rows;
}

const csv = (head: string, line: (row: (typeof sick)[number], i: number) => string, end = '\n') =>
  [head, ...sick.map(line), ''].join(end);
const plain = csv('timestamp,value', ({ at, value }) => `${at},${value}`);

describe('one row for every row', () => {
  test('the alarm is on the row that is off, and every number is finite', async () => {
    const rows = await scored(plain);
    expect(rows).toHaveLength(300);
    expect(rows.flatMap((row, i) => (row[6] === '1' ? [i] : []))).toContain(250);
    expect(rows.map((row) => [Number(row[0]), Number(row[1])])).toEqual(sick.map(({ at, value }) => [at, value]));
    for (const row of rows) {
      expect(row).toHaveLength(7);
      expect(row.slice(2, 6).every((cell) => cell !== '' && Number.isFinite(Number(cell)))).toBe(true);
      expect(Number(row[5])).toBeGreaterThanOrEqual(0);
      expect(['0', '1']).toContain(row[6]);
    }
  });

  test.each([
    ['epoch ms', csv('timestamp,value', ({ at, value }) => `${at}000,${value}`)],
    ['ISO', csv('timestamp,value', ({ at, value }) => `${new Date(at * 1_000).toISOString()},${value}`)],
    [
      'date and time, as UTC',
      csv(
        'timestamp,value',
        ({ at, value }) => `${new Date(at * 1_000).toISOString().slice(0, 19).replace('T', ' ')},${value}`,
      ),
    ],
    ['CRLF and a byte order mark', `\uFEFF${csv('timestamp,value', ({ at, value }) => `${at},${value}`, '\r\n')}`],
    ['blank lines', csv('timestamp,value', ({ at, value }, i) => `${at},${value}${i % 9 ? '' : '\n\n  '}`)],
    ['no newline at the end', plain.trimEnd()],
    [
      'quotes',
      csv('"timestamp","value","note"', ({ at, value }) => `"${at}","${value}","a ""note"", with\ntwo lines"`),
    ],
    [
      'columns in another order, and more of them',
      csv('label, Value ,x,TIMESTAMP', ({ at, value }) => `0,${value},9,${at}`),
    ],
    ['spaces around cells', csv('timestamp,value', ({ at, value }) => ` ${at} , ${value} `)],
    ['a column `metric` that is always the same', csv('metric,timestamp,value', ({ at, value }) => `m,${at},${value}`)],
  ])('%s: the same verdicts', async (_, content) => {
    const verdicts = (rows: string[][]) => rows.map((row) => row.slice(-5));
    expect(verdicts(await scored(content))).toEqual(verdicts(await scored(plain)));
  });

  test('gzip in, gzip out', async () => {
    expect(await scored(plain, { gz: true })).toEqual(await scored(plain));
  });

  test('rows that cannot be judged keep their place, with score 0 and the band of the row before', async () => {
    const odd = [
      '1700000240,7',
      '1600000000,7',
      '1700018000,NaN',
      'never,1',
      '1700018060,',
      '1700018120',
      '1700018180,1e999',
    ];
    const rows = await scored(`${plain}${odd.join('\n')}\n`);
    expect(rows.slice(300).map((row) => row[1])).toEqual(['7', '7', 'NaN', '1', '', '', '1e999']);
    for (const row of rows.slice(300)) {
      expect(row.slice(5)).toEqual(['0', '0']);
      expect(row.slice(2, 5)).toEqual(rows[299]!.slice(2, 5));
    }
  });

  test('nothing but a header, and nothing at all', async () => {
    expect(await scored('timestamp,value\n')).toEqual([]);
    expect(await scored('')).toEqual([]);
  });

  test('cells are echoed in quotes where they need them', async () => {
    const rows = await scored('timestamp,value\n"a,""b",1\n');
    expect(rows[0]!.slice(0, 3).join(',')).toBe('"a,""b",1');
  });
});

test('a wide file is judged by the evidence of all its columns, and shows the one that is furthest out', async () => {
  const rows = await scored(
    csv('timestamp,label,part,a,b', ({ at, value }, i) => `${at},0,train,${value},${5 + (i % 3)}`),
  );
  expect(rows).toHaveLength(300);
  expect(rows[250]).toMatchObject({ 1: '900', 6: '1' });
});

test('series of a file with a column `metric` are judged each for itself', async () => {
  const rows = await scored(
    csv('metric,timestamp,value', ({ at, value }, i) => `a,${at},${value}\nb,${at},${-1e6 - (i % 5)}`),
  );
  expect(rows).toHaveLength(600);
  expect(rows.flatMap((row, i) => (row[6] === '1' ? [i] : []))).toContain(500);
  expect(rows.filter((row, i) => i % 2 === 1 && row[6] === '1')).toEqual([]);
});

test('a file that is called like a counter is judged as it is, unless there are rules', async () => {
  const rows = await scored(plain, { name: 'requests_total' });
  expect(rows[250]![6]).toBe('1');
  const unjudged = DetectionConfig.parse({ schema: 1, rules: [{ metric: 'quiet*', judge: false }] });
  expect((await scored(plain, { name: 'quiet_metric', config: unjudged })).filter((row) => row[6] === '1')).toEqual([]);
});

test('a file that cannot be read is refused, says why, and leaves nothing behind', async () => {
  const to = join(folder, 'out', 'refused.csv');
  await writeFile(join(folder, 'c.csv'), 'time,v\n1,x\n');
  await expect(scoreFile(join(folder, 'c.csv'), to, config)).rejects.toThrow('it is "time,v"');
  await writeFile(join(folder, 'd.csv.gz'), 'not gzip');
  await expect(scoreFile(join(folder, 'd.csv.gz'), to, config)).rejects.toThrow('header');
  await writeFile(join(folder, 'e.csv.gz'), gzipSync(plain).subarray(0, 500));
  await expect(scoreFile(join(folder, 'e.csv.gz'), to, config)).rejects.toThrow('unexpected end');
  await expect(scoreFile(join(folder, 'none.csv'), to, config)).rejects.toThrow('ENOENT');
  await expect(readFile(to)).rejects.toThrow('ENOENT');
  await expect(readFile(`${to}.part`)).rejects.toThrow('ENOENT');
});

test('files are found in folders below and through links, but not where the results go', async () => {
  const deep = join(folder, 'deep');
  for (const name of ['x.csv', 'er/y.csv.gz', 'er/Z.CSV', 'z.txt', 'out/x.csv']) {
    await mkdir(dirname(join(deep, name)), { recursive: true });
    await writeFile(join(deep, name), '');
  }
  await symlink(deep, join(deep, 'er', 'loop'));
  await symlink(join(deep, 'x.csv'), join(deep, 'linked.csv'));
  const names = (await csvFiles(deep, join(deep, 'out'))).map(({ name }) => name);
  expect(names).toEqual(['er/Z.CSV', 'er/y.csv.gz', 'linked.csv', 'x.csv']);
});

test('times may be epoch seconds, epoch ms or ISO, in UTC unless they say otherwise', () => {
  const at = Date.UTC(2014, 1, 14, 14, 30);
  for (const text of ['1392388200', '1392388200000', '2014-02-14 14:30:00', '2014-02-14T15:30:00+01:00'])
    expect(epochMs(text)).toBe(at);
  expect(epochMs('never')).toBeNaN();
});
