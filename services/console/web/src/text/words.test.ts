import type { IncidentEvent, TimelineEntry } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { markersOf, momentOf } from './moments.ts';
import { byUrgency } from './words.ts';

const entry = (event: IncidentEvent, seq = 1, at = seq * 1_000): TimelineEntry => ({
  incidentId: 'inc-1',
  seq,
  at,
  actor: 'a',
  from: null,
  to: null,
  event,
});

describe('the timeline in words', () => {
  it('hides what only matters to who asks', () => {
    const key = (event: IncidentEvent) => momentOf(entry(event)).key;
    expect(key({ kind: 'acknowledged', by: 'Ada' })).toBe(true);
    expect(key({ kind: 'deadline_passed', state: 'verifying' })).toBe(true);
    expect(key({ kind: 'anomaly_joined', metric: 'm', value: 1, expected: 0, severity: 'warning' })).toBe(false);
    expect(key({ kind: 'deadline_passed', state: 'resolved' })).toBe(false);
  });

  it('says what a refused remedy was refused for', () =>
    expect(
      momentOf(
        entry({
          kind: 'action_finished',
          actionId: 'act',
          step: 0,
          type: 'restart_service',
          target: 'shop',
          outcome: 'denied',
          detail: '2 restarts in 10 min',
        }),
      ),
    ).toMatchObject({
      text: 'restart service of shop: denied',
      detail: '2 restarts in 10 min',
      tone: 'note',
    }));
});

it('a chart marks the deployment, the detection, the action that worked, and the recovery, in order', () => {
  const action = {
    kind: 'action_finished',
    actionId: 'a',
    step: 0,
    type: 'rollback_deploy',
    target: 'shop',
    detail: '',
  } as const;
  const entries = [
    entry({ kind: 'opened', reason: 'r', anomalies: [] }, 2),
    entry({ ...action, outcome: 'failed' }, 3),
    entry({ ...action, outcome: 'succeeded' }, 4),
    entry({ kind: 'recovered', detail: 'd', freshSamples: 5, since: 0 }, 5),
  ];
  expect(markersOf(entries, [{ deployedAt: 500, version: 'v2' }]).map(({ text }) => text)).toEqual([
    'deploy v2',
    'detected',
    'rollback deploy',
    'recovered',
  ]);
});

it('whoever needs a person comes first, and no longer once somebody has it', () => {
  const incident = (
    state: 'escalated' | 'awaiting_approval' | 'verifying',
    openedAt: number,
    acknowledgedBy: string | null = null,
  ) => ({
    state,
    openedAt,
    acknowledgedBy,
    severity: 'critical' as const,
  });
  const taken = incident('escalated', 3, 'Ada');
  const sorted = [incident('verifying', 2), taken, incident('awaiting_approval', 1), incident('escalated', 0)].sort(
    byUrgency,
  );
  expect(sorted.map(({ openedAt }) => openedAt)).toEqual([0, 1, 3, 2]);
});
