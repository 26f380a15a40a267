import type { ActionState, CheckStatus, Incident, IncidentState, Resolution, SeriesState } from '@nightshift/types';

/** How a thing is shown: as calm, good, noteworthy or bad. Always beside a word, never colour alone. */
export type Tone = 'calm' | 'good' | 'note' | 'bad' | 'auto';

export const stateWords: Record<IncidentState, { text: string; tone: Tone }> = {
  open: { text: 'open', tone: 'note' },
  diagnosing: { text: 'diagnosing', tone: 'auto' },
  deciding: { text: 'choosing a remedy', tone: 'auto' },
  awaiting_approval: { text: 'needs approval', tone: 'note' },
  remediating: { text: 'repairing', tone: 'auto' },
  verifying: { text: 'verifying', tone: 'auto' },
  escalated: { text: 'needs a person', tone: 'bad' },
  resolved: { text: 'resolved', tone: 'good' },
  closed: { text: 'closed', tone: 'calm' },
};

/** `unknown`: its detector has not said yet, or judges it as a part of something alone, such as a bucket. */
export const seriesWords: Record<SeriesState | 'unknown', { text: string; tone: Tone }> = {
  learning: { text: 'learning', tone: 'auto' },
  normal: { text: 'normal', tone: 'good' },
  anomalous: { text: 'out of its band', tone: 'bad' },
  'no-data': { text: 'silent', tone: 'bad' },
  stale: { text: 'silent', tone: 'note' },
  refused: { text: 'refused: no room', tone: 'bad' },
  unknown: { text: 'none of its own', tone: 'calm' },
};

export const resolutionWords: Record<Resolution, string> = {
  automated: 'repaired by Nightshift',
  person: 'resolved by a person',
  self: 'healed by itself',
  false_positive: 'false positive',
};

export const checkTones: Record<CheckStatus, Tone> = { ok: 'good', degraded: 'note', down: 'bad', unknown: 'calm' };

export const actionWords: Record<ActionState, { text: string; tone: Tone }> = {
  planned: { text: 'planned', tone: 'calm' },
  dispatching: { text: 'running', tone: 'auto' },
  succeeded: { text: 'done', tone: 'good' },
  failed: { text: 'failed', tone: 'bad' },
  denied: { text: 'denied by a limit', tone: 'note' },
  unknown: { text: 'outcome unknown', tone: 'bad' },
  cancelled: { text: 'cancelled', tone: 'calm' },
  skipped: { text: 'not needed', tone: 'calm' },
};

export const isOver = ({ state }: Pick<Incident, 'state'>): boolean => state === 'resolved' || state === 'closed';

/** "http_probe" as people write it. */
export const plain = (name: string): string => name.replaceAll('_', ' ');

/** Who wants somebody most comes first: a person is needed, then approval, then critical, then the newest. */
export function byUrgency(
  a: Pick<Incident, 'state' | 'severity' | 'openedAt' | 'acknowledgedBy'>,
  b: Pick<Incident, 'state' | 'severity' | 'openedAt' | 'acknowledgedBy'>,
): number {
  const rank = (incident: typeof a) =>
    (incident.state === 'escalated' && incident.acknowledgedBy === null ? 8 : 0) +
    (incident.state === 'awaiting_approval' ? 4 : 0) +
    (incident.severity === 'critical' ? 2 : 0);
  return rank(b) - rank(a) || b.openedAt - a.openedAt;
}
