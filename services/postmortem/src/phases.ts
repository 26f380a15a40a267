import type { MttrPhases } from '@nightshift/types';
import { eventsOf, type History } from './history.ts';

/**
 * Where the time went, in ms; null where that phase did not happen. The onset is by the sender's clock, all else by ours, so a phase is
 * never below zero. Acted is when the first action of ours took effect; a reopened incident is taken from its first opening to its last end.
 */
export function phasesOf(history: History): MttrPhases {
  const { incident, timeline } = history;
  const diagnosedAt = timeline.find(({ event }) => event.kind === 'diagnosed')?.at ?? null;
  const actedAt =
    timeline.find(({ event }) => event.kind === 'action_finished' && event.outcome === 'succeeded')?.at ?? null;
  return {
    onsetToDetectedMs: between(incident.onsetAt, incident.openedAt),
    detectedToDiagnosedMs: between(incident.openedAt, diagnosedAt),
    diagnosedToActedMs: between(diagnosedAt, actedAt),
    actedToResolvedMs: between(actedAt, incident.resolvedAt),
    totalMs: between(incident.onsetAt, incident.resolvedAt),
  };
}

/** How long a person was waited for: from the request of an approval to its answer or expiry (ms); null where none was asked. */
export function approvalMs(history: History): number | null {
  if (eventsOf(history, 'approval_requested').length === 0) return null;
  const asked = history.timeline.findLast(({ event }) => event.kind === 'approval_requested')!;
  const answered = history.timeline.find(({ seq, from }) => seq > asked.seq && from === 'awaiting_approval');
  return between(asked.at, answered?.at ?? null);
}

function between(from: number | null, to: number | null): number | null {
  if (from === null || to === null || !Number.isFinite(from) || !Number.isFinite(to)) return null;
  return Math.max(0, to - from);
}
