import type { Incident, IncidentEvent, TimelineEntry } from '@nightshift/types';
import { Page } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { writePage, type Material } from './page.ts';

const links = { incidentUrl: 'http://console/incidents/inc-1', acknowledgeUrl: 'http://console/ack?token=t' };
const onsetAt = Date.parse('2026-03-01T03:12:00Z');
const incident: Incident = {
  id: 'inc-1',
  fingerprint: 'service:shop-api',
  service: 'shop-api',
  title: 'shop-api: too many errors',
  type: 'high_error_rate',
  severity: 'critical',
  state: 'escalated',
  version: 4,
  generation: 3,
  decisions: 0,
  reopens: 0,
  onsetAt,
  openedAt: onsetAt + 5_000,
  actedAt: null,
  resolvedAt: null,
  deadlineAt: onsetAt + 3_600_000,
  resolution: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  runbook: null,
};
const anomaly = { metric: 'http_error_ratio', value: 0.61234, expected: 0.0101, severity: 'critical' };
const bare: Material = {
  incident,
  at: onsetAt + 4 * 60_000,
  anomalies: [],
  diagnostics: [],
  actions: [],
  timeline: [],
};
const write = (changes: Partial<Material> = {}) => Page.parse(writePage({ ...bare, ...changes }, links));
const happened = (event: IncidentEvent, to: TimelineEntry['to'] = 'escalated'): TimelineEntry => ({
  incidentId: 'inc-1',
  seq: 1,
  at: 0,
  actor: 'x',
  from: 'deciding',
  to,
  event,
});

const suspect = {
  check: 'recent_deployments',
  target: 'shop-api',
  status: 'degraded' as const,
  output: 'v2 was deployed 1 min before',
  facts: { suspectVersion: 'v2', suspectPreviousVersion: 'v1', suspectMinutesBeforeOnset: 1 },
};
const fullDisk = {
  check: 'disk_usage',
  target: 'shop-disk',
  status: 'degraded' as const,
  output: '97% used',
  facts: {},
};
const fine = { check: 'redis_health', target: 'shop-cache', status: 'ok' as const, output: 'fine', facts: {} };
const blind = {
  check: 'http_probe',
  target: 'shop-web',
  status: 'unknown' as const,
  output: 'no such host',
  facts: {},
};
const rollBack = { type: 'rollback_deploy', target: 'shop-api', summary: 'roll back shop-api from v2 to v1' };

describe('a page', () => {
  it('says in one sentence what is broken, how badly and since when', () => {
    expect(write({ anomalies: [{ ...anomaly, metric: 'latency', severity: 'warning' }, anomaly] }).headline).toBe(
      'shop-api: too many errors: http_error_ratio is 0.612 where 0.0101 is normal (and 1 more signal), since 03:12 UTC (4 min).',
    );
    expect(write().headline).toBe('shop-api: too many errors, since 03:12 UTC (4 min).');
  });

  it('names the suspect change, and only findings that matter, worst first', () => {
    const page = write({
      diagnostics: [blind, fine, fullDisk, suspect, { ...fullDisk, check: 'http_probe', status: 'down' }],
    });
    expect(page.suspectChange).toBe('shop-api v2, deployed 1 min before it began (before it: v1)');
    expect(page.findings.map(({ status }) => status)).toEqual(['down', 'degraded', 'degraded', 'unknown']);
    expect(write({ diagnostics: [fine] }).suspectChange).toBeNull();
  });

  it('tells what was tried and what came of it', () => {
    const page = write({
      actions: [
        { ...rollBack, state: 'failed', detail: 'answered 500' },
        { ...rollBack, state: 'planned', detail: null },
      ],
      timeline: [
        happened(
          {
            kind: 'action_finished',
            actionId: 'a',
            step: 0,
            type: 'clear_cache',
            target: 'shop-cache',
            outcome: 'observed',
            detail: '',
          },
          null,
        ),
      ],
    });
    expect(page.tried).toEqual([
      { action: 'roll back shop-api from v2 to v1', target: 'shop-api', outcome: 'failed', detail: 'answered 500' },
      { action: 'clear_cache', target: 'shop-cache', outcome: 'only observed, not done', detail: '' },
    ]);
  });

  it.each<[string, IncidentEvent, string]>([
    ['no runbook', { kind: 'no_runbook', reason: 'type unknown', considered: [] }, 'no runbook fits: type unknown'],
    [
      'rejected',
      { kind: 'rejected', approvalId: 'apr-1', by: 'ada', reason: 'not now' },
      'ada rejected the proposed action: not now',
    ],
    [
      'denied',
      { kind: 'remedy_failed', outcome: 'denied', detail: '2 restarts in 10 min' },
      'a safety limit stopped the remedy: 2 restarts in 10 min',
    ],
    [
      'not recovered',
      { kind: 'not_recovered', detail: 'still 0.6' },
      'the remedy ran, and the service did not recover: still 0.6',
    ],
    [
      'no approval',
      { kind: 'deadline_passed', state: 'awaiting_approval' },
      'nobody approved the proposed action in time',
    ],
    ['a reminder', { kind: 'deadline_passed', state: 'escalated' }, 'nobody has taken it yet'],
  ])('says why a person is needed: %s', (_name, event, reason) => {
    expect(
      write({
        timeline: [
          happened(event, event.kind === 'deadline_passed' && event.state === 'escalated' ? null : 'escalated'),
        ],
      }).reason,
    ).toBe(reason);
  });

  describe('has one next step', () => {
    const action = (state: string, detail: string | null = 'because') => ({
      actions: [{ ...rollBack, state, detail }],
    });
    const chosen = happened(
      {
        kind: 'approval_requested',
        runbook: 'r',
        hash: 'h',
        planHash: 'p',
        approvalId: 'a',
        summary: 'restart shop-api',
        expiresAt: 0,
      },
      'awaiting_approval',
    );

    it.each<[string, Partial<Material>, string]>([
      [
        'what may be half done comes first',
        { ...action('unknown'), diagnostics: [suspect] },
        'Find out whether "roll back shop-api from v2 to v1" took effect on shop-api; do not repeat it before you know.',
      ],
      [
        'what failed',
        action('failed'),
        '"roll back shop-api from v2 to v1" failed (because): find out why, then do it by hand if it is still right.',
      ],
      [
        'what a limit stopped',
        action('denied'),
        'A limit stopped "roll back shop-api from v2 to v1" (because): look for the cause before anything is done again.',
      ],
      [
        'what did not help',
        { ...action('succeeded'), diagnostics: [fullDisk] },
        '"roll back shop-api from v2 to v1" did not help. Look at shop-disk: 97% used',
      ],
      [
        'what was proposed',
        { timeline: [chosen], diagnostics: [suspect] },
        'If you agree, do what was proposed: restart shop-api',
      ],
      [
        'the suspect change',
        { diagnostics: [fullDisk, suspect] },
        'Decide whether to roll back the suspect change: shop-api v2, deployed 1 min before it began (before it: v1).',
      ],
      ['the worst finding', { diagnostics: [blind, fullDisk] }, 'Look at shop-disk (disk_usage is degraded): 97% used'],
      [
        'where to look at all',
        {},
        'No check finds a fault: look at the charts of shop-api and at what changed around 03:12 UTC.',
      ],
    ])('%s', (_name, changes, step) => expect(write(changes).nextStep).toBe(step));
  });

  it('says infinite in words, and no null comes of it (defect 55)', () => {
    const page = write({ anomalies: [{ ...anomaly, value: Infinity, expected: Number.NaN }] });
    expect(page.headline).toContain('http_error_ratio is infinite where not a number is normal');
    expect(JSON.parse(JSON.stringify(page))).toEqual(page);
  });

  it('carries neither secrets nor control characters nor endless text, wherever they come from (defects 27 and 58)', () => {
    const nasty = `postgres://app:canary@db/x \u001b[31m\n\u2028password=canary ${'x'.repeat(9_000)}`;
    const page = write({
      incident: { ...incident, title: nasty },
      anomalies: [{ ...anomaly, metric: nasty }],
      diagnostics: [{ ...fullDisk, target: nasty, output: nasty }],
      actions: [{ type: nasty, target: nasty, state: 'failed', summary: nasty, detail: nasty }],
      timeline: [happened({ kind: 'no_runbook', reason: nasty, considered: [] })],
    });
    const text = JSON.stringify(page);
    expect(text).not.toContain('canary');
    expect(text).not.toMatch(/\\u00|\\n|\u2028/);
    expect(text.length).toBeLessThan(5_000);
  });
});
