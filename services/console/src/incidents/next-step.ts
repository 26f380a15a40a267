import type { Incident } from '@nightshift/types';
import type { NextStep } from '../wire.ts';

export type Situation = {
  incident: Incident;
  killSwitchOn: boolean;
  /** What is being done or asked for, in words. */
  plan: string | null;
  /** When escalation tells the next person (epoch ms), and which level of the ladder that is. */
  climb: { nextAt: number | null; level: number } | null;
};

/** What Nightshift does now, and what follows by itself when nothing else happens. Pure. */
export function nextStepOf(situation: Situation): NextStep {
  const { incident, plan, killSwitchOn } = situation;
  const at = incident.deadlineAt;
  const page = 'a person is paged';
  switch (incident.state) {
    case 'open':
      return { present: 'Waiting for diagnostics to begin.', then: page, at };
    case 'diagnosing':
      return { present: 'Looking at what the service runs on.', then: page, at };
    case 'deciding':
      if (killSwitchOn) return { present: 'The kill switch is on: no action will be started.', then: page, at };
      return { present: 'Choosing a runbook.', then: page, at };
    case 'awaiting_approval':
      return { present: `Waiting for a decision${plan ? `: ${plan}` : ' on the proposed action'}.`, then: page, at };
    case 'remediating':
      if (killSwitchOn) return { present: 'The kill switch is on: no further action will be started.', then: page, at };
      return { present: plan ? `Doing it: ${plan}.` : `Running ${incident.runbook ?? 'the runbook'}.`, then: page, at };
    case 'verifying':
      return { present: 'Checking with fresh samples that the service has recovered.', then: page, at };
    case 'escalated':
      return escalated(situation);
    case 'resolved':
      return { present: 'Resolved.', then: 'it closes, unless the signals come back before', at };
    case 'closed':
      return { present: 'Closed.', then: null, at: null };
  }
}

function escalated({ incident, climb }: Situation): NextStep {
  if (incident.acknowledgedBy !== null) {
    return { present: `${incident.acknowledgedBy} has it. Only a person resolves it now.`, then: null, at: null };
  }
  if (climb && climb.nextAt !== null) {
    return {
      present: 'A person is needed; nobody has taken it yet.',
      then: `level ${climb.level + 1} of the escalation policy is paged`,
      at: climb.nextAt,
    };
  }
  return {
    present: 'A person is needed; nobody has taken it yet.',
    then: 'everybody is paged again',
    at: incident.deadlineAt,
  };
}
