/** Stand-ins for tests: the history of an incident, as much of it as a test says. */
import type { Incident, IncidentEvent, TimelineEntry } from '@nightshift/types';
import type { History } from './history.ts';

export const onsetAt = Date.parse('2026-03-01T03:12:00Z');

const incident: Incident = {
  id: 'inc-1',
  fingerprint: 'service:shop-api',
  service: 'shop-api',
  title: 'shop-api: too many errors',
  type: 'high_error_rate',
  severity: 'critical',
  state: 'resolved',
  version: 6,
  generation: 5,
  decisions: 1,
  reopens: 0,
  onsetAt,
  openedAt: onsetAt + 5_000,
  actedAt: onsetAt + 8_000,
  resolvedAt: onsetAt + 60_000,
  deadlineAt: onsetAt + 660_000,
  resolution: 'automated',
  acknowledgedBy: null,
  acknowledgedAt: null,
  runbook: 'roll-back',
};

/** Events at seconds after the onset, numbered as they stand. */
export const happened = (...events: [number, IncidentEvent, Partial<TimelineEntry>?][]): TimelineEntry[] =>
  events.map(([seconds, event, more], i) => ({
    incidentId: 'inc-1',
    seq: i + 1,
    at: onsetAt + seconds * 1_000,
    actor: 'test',
    from: null,
    to: null,
    event,
    ...more,
  }));

export const diagnosed: IncidentEvent = { kind: 'diagnosed', results: [] };
export const finished = (
  outcome: 'succeeded' | 'failed' | 'denied' | 'unknown' | 'observed',
  detail = '',
): IncidentEvent => ({
  kind: 'action_finished',
  actionId: 'act-1',
  step: 0,
  type: 'rollback_deploy',
  target: 'shop-api',
  outcome,
  detail,
});
export const noRunbook: IncidentEvent = { kind: 'no_runbook', reason: 'none matches', considered: [] };

export const history = (
  changes: Partial<Omit<History, 'incident'>> & { incident?: Partial<Incident> } = {},
): History => ({
  timeline: [],
  diagnostics: [],
  actions: [],
  anomalies: [],
  deployments: [],
  runbook: null,
  ...changes,
  incident: { ...incident, ...changes.incident },
});

export const suspectDeployment: History['diagnostics'][number] = {
  generation: 1,
  check: 'recent_deployments',
  target: 'shop-api',
  status: 'degraded',
  facts: { suspectVersion: 'v2', suspectPreviousVersion: 'v1', suspectMinutesBeforeOnset: 1 },
  output: 'v2 was deployed 1 min before it began',
};
