import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ClassificationRule, DetectionConfig } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { csvFiles, replayFile, reportHtml, reportText, startBacktest, type BacktestResult } from './index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backtest-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (more: object = {}) => DetectionConfig.parse({ schema: 1, detector: 'adaptive', ...more });
const start = Date.UTC(2026, 0, 5);
const minute = 60_000;
const rows = 600;
/** Steady samples a minute apart. `sick`: for ten minutes from a minute on, another value. */
type Sick = Record<number, number>;
const value = (i: number, sick: Sick) => {
  const from = Object.keys(sick)
    .map(Number)
    .find((at) => i >= at && i < at + 10);
  return from === undefined ? 100 + ((i * 7) % 11) : sick[from]!;
};
const csv = (sick: Sick, labelledAt: number[] = []) =>
  [
    'timestamp,value,label',
    ...Array.from({ length: rows }, (_, i) => {
      const labelled = labelledAt.some((from) => i >= from && i < from + 10);
      return `${start / 1_000 + i * 60},${value(i, sick)},${Number(labelled)}`;
    }),
  ].join('\n');

let made = 0;
type Options = Omit<Parameters<typeof startBacktest>[0], 'classification'>;
const classification = [ClassificationRule.parse({ id: 'slow', type: 'high_latency', metrics: ['latency', 'p95'] })];
async function replayed(files: Record<string, string>, options: Options): Promise<BacktestResult> {
  const dir = join(folder, `set${++made}`);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content);
  }
  const backtest = startBacktest({ ...options, classification });
  for (const file of await csvFiles(dir)) await replayFile(file, backtest, () => {});
  return backtest.result();
}

/** Two metrics of one service are off together at 200 and at 400; only the first was labelled. */
const shop = {
  'shop/latency_ms.csv': csv({ 200: 900, 400: 8_000 }, [200]),
  'shop/errors.csv': csv({ 200: 7_000, 400: 90_000 }, [200]),
  'bank/latency_ms.csv': csv({ 300: 900 }),
};

describe('incidents that would have opened', () => {
  test('series of one service that are off together are an incident; one alone is not', async () => {
    const { incidents, comparison } = await replayed(shop, { config: config() });
    expect(
      incidents.map(({ service, openedAt, labelled }) => [service, (openedAt - start) / minute, labelled]),
    ).toEqual([
      ['shop', 200, true],
      ['shop', 400, false],
    ]);
    expect(incidents[0]).toMatchObject({
      severity: 'critical',
      // By the only rule there is here.
      type: 'high_latency',
      onsetAt: start + 200 * minute,
    });
    expect(incidents[0]!.series.map(({ metric, value: off }) => [metric, off])).toEqual(
      expect.arrayContaining([
        ['errors', 7_000],
        ['latency_ms', 900],
      ]),
    );
    expect(comparison).toBeNull();
  });

  test('a changed rule loses what it no longer cares for, and gains what it cares for now', async () => {
    const present = config({ rules: [{ metric: 'latency_ms', service: 'bank', judge: false }] });
    const changed = config({
      rules: [{ metric: 'errors', harm: 'down' }],
      composite: { rule: 'counts', criticals: 1 },
    });
    const { comparison } = await replayed(
      { ...shop, 'only/errors.csv': csv({ 500: 5_000 }), 'only/up.csv': csv({ 500: -900 }) },
      { config: changed, against: present },
    );
    const at = (of: { service: string; openedAt: number }[]) =>
      of.map(({ service, openedAt }) => `${service} ${(openedAt - start) / minute}`);
    // With one critical enough, bank opens by itself; shop still does by its latency, and `only` by `up`.
    expect(comparison).toMatchObject({ present: 3 });
    expect(at(comparison!.gained)).toEqual(['bank 300']);
    expect(at(comparison!.kept)).toEqual(['shop 200', 'shop 400', 'only 500']);
    expect(comparison!.lost).toEqual([]);

    const back = await replayed(shop, { config: present, against: changed });
    expect(at(back.comparison!.lost)).toEqual(['bank 300']);
  });

  test('a lower sensitivity loses what is a little out and keeps what is far out', async () => {
    const pairs = { 'a/x.csv': csv({ 200: 125, 400: 90_000 }), 'a/y.csv': csv({ 200: 125, 400: 90_000 }) };
    const dull = config({ rules: [{ metric: '*', sensitivity: 0.1 }] });
    const { comparison } = await replayed(pairs, { config: dull, against: config() });
    const at = (of: { openedAt: number }[]) => of.map(({ openedAt }) => (openedAt - start) / minute);
    expect([at(comparison!.kept), at(comparison!.lost), at(comparison!.gained)]).toEqual([[400], [200], []]);
  });

  test('an incident goes on while its series are off, and is over after as many good samples as recovery asks for', async () => {
    const pairs = {
      'a/x.csv': csv({ 200: 900, 213: 900, 300: 9_000 }),
      'a/y.csv': csv({ 200: 900, 213: 900, 300: 9_000 }),
    };
    const { incidents } = await replayed(pairs, { config: config({ recovery: { holdSeconds: 60, minSamples: 5 } }) });
    expect(incidents.map(({ openedAt }) => (openedAt - start) / minute)).toEqual([200, 300]);
  });

  test('series of one file are told apart by metric, service and labels, and go on in the next file', async () => {
    const long = (from: number, to: number) =>
      [
        'timestamp,service,metric,labels,value',
        ...Array.from({ length: to - from }, (_, i) => i + from).flatMap((i) =>
          ['eu', 'us'].map(
            (region) =>
              `${start + i * minute},shop,latency_ms,"{""region"":""${region}""}",${value(i, region === 'eu' ? { 200: 900 } : {})}`,
          ),
        ),
      ].join('\n');
    const { series, incidents } = await replayed(
      { '1.csv': long(0, 150), '2.csv': long(150, 300) },
      { config: config({ composite: { rule: 'counts', criticals: 1 } }) },
    );
    expect(series.map(({ service, labels, rows: count }) => [service, labels, count])).toEqual([
      ['shop', { region: 'eu' }, 300],
      ['shop', { region: 'us' }, 300],
    ]);
    expect(incidents.map(({ series: of }) => of.map(({ labels }) => labels))).toEqual([[{ region: 'eu' }]]);
  });
});

describe('signals', () => {
  /** A counter that counts so many a minute. */
  const counter = (perMinute: (i: number) => number) => {
    let total = 0;
    const lines = Array.from({ length: 300 }, (_, i) => `${start / 1_000 + i * 60},${(total += perMinute(i))}`);
    return ['timestamp,value', ...lines].join('\n');
  };

  test('a ratio of two counters is made of two files, judged by its fixed limit, and opens', async () => {
    const files = {
      'shop/errors_total.csv': counter((i) => (i >= 200 && i < 210 ? 500 : 6)),
      'shop/requests_total.csv': counter(() => 600),
    };
    const ratio = { name: 'error_ratio', errors: { metric: 'errors_total' }, requests: { metric: 'requests_total' } };
    const limit = { metric: 'error_ratio', judge: false, threshold: { above: 0.5 } };
    const rules = [limit, { metric: '*', judge: false }];
    const { series, incidents } = await replayed(files, { config: config({ ratios: [ratio], rules }) });
    expect(series.map(({ metric }) => metric)).toEqual(['errors_total', 'requests_total', 'error_ratio']);
    expect(incidents).toMatchObject([{ service: 'shop', series: [{ metric: 'error_ratio', severity: 'critical' }] }]);
    expect(incidents[0]!.reason).toContain('above 0.5');
    expect(Math.abs(incidents[0]!.openedAt - start - 200 * minute)).toBeLessThanOrEqual(2 * minute);
  });

  test('parts of a histogram are judged as its quantiles, in a file whose rows name their series', async () => {
    const bounds = ['0.1', '1', '+Inf'];
    const totals = [0, 0, 0];
    const lines = Array.from({ length: 300 }, (_, i) => {
      // All fast, but for ten minutes in which all are slow.
      const slow = i >= 200 && i < 210;
      return bounds.map((le, b) => {
        totals[b]! += slow ? (b === 0 ? 0 : 100) : 100;
        return `${start + i * minute},shop,latency_bucket,"{""le"":""${le}""}",${totals[b]}`;
      });
    });
    const { series, incidents } = await replayed(
      { 'x.csv': ['timestamp,service,metric,labels,value', ...lines.flat()].join('\n') },
      { config: config({ composite: { rule: 'counts', criticals: 1 } }) },
    );
    expect(series.map(({ metric }) => metric)).toEqual(expect.arrayContaining(['latency:p95']));
    expect(series.map(({ metric }) => metric)).not.toContain('latency_bucket');
    expect(incidents).toMatchObject([{ service: 'shop', type: 'high_latency' }]);
  });
});

describe('labels', () => {
  test('events found and false alarms of each series; training is learned and not counted', async () => {
    const parts = csv({ 200: 900, 400: 8_000 }, [200])
      .split('\n')
      .map((line, i) => `${line},${i === 0 ? 'part' : i < 100 ? 'train' : 'test'}`);
    const { series } = await replayed({ 'a/x.csv': parts.join('\n') }, { config: config() });
    const { events } = series[0]!;
    expect(events).toMatchObject({ events: 1, found: 1, falseAlarms: 1, delaysMs: [0] });
    expect(events.days).toBeCloseTo((rows - 100) / 1_440);
  });

  test('rows that do not count are told of', async () => {
    const odd = `${csv({})}\n${start / 1_000},1,0\nnever,1,0\n`;
    const { series } = await replayed({ 'a/x.csv': odd }, { config: config() });
    expect(series[0]).toMatchObject({ rows: rows + 2, dropped: 2 });
  });
});

describe('reports', () => {
  test('for a terminal: series, incidents, gained and lost', async () => {
    const result = await replayed(shop, {
      config: config({ composite: { rule: 'counts', criticals: 1 } }),
      against: config(),
    });
    const text = reportText(result);
    expect(text).toMatch(/^shop {2}latency_ms +0\.4 +\d+\.\d\d +2 +\d+\.\d\d +1 of 1$/m);
    expect(text).toContain('3 incidents would have opened, 2 of them while nothing was labelled');
    expect(text).toContain('under the present settings 2: 2 kept, 1 gained, 0 lost');
    expect(text).toMatch(/gained {2}2026-01-05 05:00 {2}bank {2}high_latency +critical .*latency_ms 900 instead of 10/);
  });

  test('a page of its own: every word is escaped, every series drawn', async () => {
    const evil = '<script>alert(1)</script>"\'&';
    const line = (i: number, of: string) =>
      `${start + i * minute},"${of.replaceAll('"', '""')}",${value(i, { 200: 900 })},"${evil.replaceAll('"', '""')}"`;
    const content = [
      'timestamp,metric,value,service',
      ...Array.from({ length: 300 }, (_, i) => [line(i, `${evil}1`), line(i, `${evil}2`)]).flat(),
    ];
    const result = await replayed({ 'x.csv': content.join('\n') }, { config: config(), pictures: 10 });
    expect(result.incidents).toHaveLength(1);
    const page = reportHtml(result, evil, evil);
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;1');
    expect(page.match(/<svg/g)).toHaveLength(2);
    for (const part of ['class="band"', 'class="value"', 'class="alarm"', 'class="incident"'])
      expect(page).toContain(part);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).not.toMatch(/(src|href)=/);
  });

  test('a picture keeps what is short, however long the series is', async () => {
    const long = Array.from({ length: 20_000 }, (_, i) => `${start / 1_000 + i * 60},${i === 15_000 ? 900 : i % 9}`);
    const result = await replayed(
      { 'a/x.csv': ['timestamp,value', ...long].join('\n') },
      { config: config(), pictures: 1 },
    );
    const stretches = result.series[0]!.picture!.stretches();
    expect(stretches.length).toBeLessThanOrEqual(800);
    expect(stretches.length).toBeGreaterThanOrEqual(400);
    expect(stretches.filter(({ greatest }) => greatest === 900)).toMatchObject([{ alarm: true }]);
    expect(stretches.map(({ from }) => from)).toEqual(stretches.map(({ from }) => from).toSorted((a, b) => a - b));
    expect(stretches.at(-1)!.to).toBe(start + 19_999 * minute);
  });
});
