import { Postmortem, type IncidentEvent } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { figure, item, lengthOfTime, plain } from './markdown.ts';
import { writePostmortem } from './postmortem.ts';
import { diagnosed, finished, happened, history, noRunbook, onsetAt, suspectDeployment } from './stand-ins.ts';

const anomaly = {
  metric: 'http_error_ratio',
  labels: { service: 'shop-api' },
  value: 0.61234,
  expected: 0.01,
  low: 0,
  high: 0.03,
  severity: 'critical',
  startedAt: onsetAt,
};

describe('a postmortem', () => {
  it('tells the incident', () => {
    const written = writePostmortem(
      history({
        timeline: happened(
          [5, { kind: 'opened', reason: 'two criticals', anomalies: [] }],
          [6, diagnosed],
          [8, finished('succeeded')],
          [60, { kind: 'recovered', detail: '', freshSamples: 9, since: 0 }, { to: 'resolved' }],
        ),
        diagnostics: [
          suspectDeployment,
          { ...suspectDeployment, check: 'redis_health', target: 'shop-cache', status: 'ok' },
        ],
        actions: [
          {
            id: 'act-1',
            type: 'rollback_deploy',
            target: 'shop-api',
            state: 'succeeded',
            summary: 'roll back shop-api from v2 to v1',
            detail: null,
          },
        ],
        anomalies: [anomaly],
        deployments: [{ version: 'v2', previousVersion: 'v1', deployedAt: onsetAt - 60_000, by: 'bob' }],
      }),
    );
    expect(written).toMatchObject({
      suspectChange: 'shop-api v2 (before it: v1), deployed 1 min before the onset by bob',
      tried: [{ action: 'roll back shop-api from v2 to v1', target: 'shop-api', outcome: 'succeeded' }],
      resolution: 'automated',
    });
    for (const line of [
      '# shop-api: too many errors',
      'inc-1: shop-api, high\\_error\\_rate, critical; **mended by automation** after 1 min 0 s.',
      'Contributing change: shop-api v2 \\(before it: v1\\), deployed 1 min before the onset by bob.',
      '| onset to detection | 5.0 s |',
      '| http\\_error\\_ratio | service=shop-api | 0.6123 | 0.01 (0 to 0.03) | critical | 2026-03-01 03:12:00 UTC |',
      'Without finding: redis\\_health of shop-cache.',
      '- roll back shop-api from v2 to v1 on shop-api: **succeeded**',
      '| 2026-03-01 03:13:00 UTC | test | recovered, shown by 9 fresh samples | resolved |',
    ]) {
      expect(written.markdown.split('\n')).toContain(line);
    }
  });

  it('can be written of an incident of which next to nothing is known', () => {
    const { markdown } = writePostmortem(history({ incident: { resolution: null, resolvedAt: null, runbook: null } }));
    expect(markdown).toContain('**not ended** after –');
    expect(markdown).not.toMatch(/null|undefined|NaN/);
  });

  it('says infinite in words: no null comes of it (defect 55)', () => {
    const written = writePostmortem(
      history({
        anomalies: [{ ...anomaly, value: Infinity, expected: Number.NaN, low: -Infinity }],
        timeline: happened([
          1,
          { kind: 'anomaly_joined', metric: 'm', value: Infinity, expected: 0, severity: 'critical' },
        ]),
      }),
    );
    expect(written.markdown).toContain('| infinite | not a number (minus infinite to 0.03) |');
    expect(written.markdown).not.toContain('null');
    expect(Postmortem.parse(JSON.parse(JSON.stringify(written)))).toEqual(written);
  });

  const nasty = '<img src=x onerror=alert(1)> | [a](javascript:x) `code` **bold** \n\n# title \u202e password=canary';
  const everywhere: IncidentEvent[] = [
    { kind: 'opened', reason: nasty, anomalies: [] },
    { kind: 'note', by: nasty, text: nasty },
    finished('failed', nasty),
    { kind: 'rejected', approvalId: 'a', by: nasty, reason: nasty },
    noRunbook,
  ];

  it('obeys nothing that stands in a label, a name or a detail (defect 58)', () => {
    const { markdown } = writePostmortem(
      history({
        incident: { title: nasty, service: nasty },
        anomalies: [{ ...anomaly, metric: nasty, labels: { [nasty]: nasty } }],
        diagnostics: [{ ...suspectDeployment, target: nasty, output: nasty, facts: { suspectVersion: nasty } }],
        timeline: happened(...everywhere.map((event, i): [number, IncidentEvent] => [i, event])),
      }),
    );
    const outsideOfCode = markdown.replace(/ {2}```yaml[^]*?\n {2}```/g, '');
    expect(outsideOfCode).not.toMatch(/(?<!\\)[<`]|(?<!\\)\]\(/);
    expect(outsideOfCode.match(/(?<!\\)\*\*.+?(?<!\\)\*\*/g)!.every((bold) => !bold.includes('bold'))).toBe(true);
    expect(outsideOfCode.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
    // Every row of the timeline still has its four cells.
    const rows = outsideOfCode
      .slice(outsideOfCode.indexOf('## Timeline'))
      .split('\n')
      .filter((line) => line.startsWith('| 20'));
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
    expect(markdown).not.toMatch(/canary|\u202e/);
  });

  it('stays readable however much happened', () => {
    const { markdown } = writePostmortem(
      history({
        timeline: happened(
          ...Array.from({ length: 5_000 }, (_, i): [number, IncidentEvent] => [
            i,
            { kind: 'note', by: 'ada', text: 'x'.repeat(10_000) },
          ]),
        ),
      }),
    );
    expect(markdown.length).toBeLessThan(150_000);
    expect(markdown).toContain('4800 further events');
  });
});

describe('pieces of Markdown', () => {
  it('escapes what would be markup', () => {
    expect(plain('a_b*c`d<e>|f\ng')).toBe('a\\_b\\*c\\`d\\<e\\>\\|f g');
    expect(plain('- 1. x')).toBe('\\- 1. x');
    expect(plain('12. x')).toBe('12\\. x');
  });

  it('puts numbers and times in words', () => {
    expect([figure(0.000123456), figure(1e21), figure(-Infinity)]).toEqual(['0.0001235', '1e+21', 'minus infinite']);
    expect([0, 999, 1_500, 59_600, 61_000, 3_600_000, null, Infinity].map(lengthOfTime)).toEqual([
      '0 ms',
      '999 ms',
      '1.5 s',
      '1 min 0 s',
      '1 min 1 s',
      '1 h 0 min',
      '–',
      '–',
    ]);
  });

  it('keeps a fenced block inside its list item', () => {
    expect(item('see_this:\n```yaml\na: 1\n```')).toBe('- see\\_this:\n  ```yaml\n  a: 1\n  ```');
  });
});

it('shows the plan as it was shown and signed, as text', () => {
  const plan = {
    incidentId: 'inc-1',
    runbook: 'roll-back',
    runbookHash: 'h',
    actions: [
      {
        step: 0,
        type: 'rollback_deploy' as const,
        target: 'shop-api',
        provider: 'process',
        params: { from: 'v2', to: 'v1' },
        class: 'idempotent' as const,
        precondition: { version: 'v2' },
        timeoutMs: 60_000,
        maxRetries: 1,
        summary: 'roll back shop-api from v2 to v1 <b>',
        undo: 'deploy v2 again',
      },
    ],
  };
  const { markdown } = writePostmortem(history({ plans: [{ hash: 'a3cc093c8696ff', plan }] }));
  expect(markdown).toContain('## The plan of roll-back');
  for (const part of ['a3cc093c8696', 'undo: deploy v2 again', 'only if: version: v2'])
    expect(markdown).toContain(part);
  expect(markdown).not.toContain('<b>');
});
