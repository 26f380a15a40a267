import { NightshiftError, type Resolution } from '@nightshift/types';

export const scenarioNames = ['bad-deploy', 'crash', 'mystery'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export type Outcome = {
  scenario: ScenarioName;
  incidentId: string | null;
  status: string;
  resolution: Resolution | null;
  ms: { faultToDetected: number | null; detectedToActed: number | null; faultToResolved: number | null };
  /** Actions of the incident, in order. */
  actions: { type: string; target: string; state: string; params: Record<string, unknown> }[];
  /** Pages that were sent. */
  pages: number;
};

/** How each scenario should end. */
export type Expectation = { status: 'resolved' | 'escalated'; action: string | null; words: string };

const expectations: Record<ScenarioName, Expectation> = {
  'bad-deploy': {
    status: 'resolved',
    action: 'rollback_deploy',
    words: 'rolled back to the exact earlier version, once; nobody is woken',
  },
  crash: { status: 'resolved', action: 'restart_service', words: 'restarted, once; nobody is woken' },
  mystery: {
    status: 'escalated',
    action: null,
    words: 'nothing is touched; a person is paged with everything that is known',
  },
};

/** The scenario of that name. Throws SCENARIO_UNKNOWN naming those there are. */
export function scenarioOf(name: string): { name: ScenarioName; expected: Expectation } {
  const known = scenarioNames.find((each) => each === name);
  if (!known)
    throw new NightshiftError(
      'SCENARIO_UNKNOWN',
      `there is no scenario "${name}"; there are ${scenarioNames.join(', ')}`,
    );
  return { name: known, expected: expectations[known] };
}

/** What was not as expected, in words; empty: all was. `done` is what really happened to the shop on our word. */
export function compare(
  outcome: Outcome,
  incidents: number,
  done: { kind: string; from?: string; to?: string }[],
  deployed: { from?: string; to?: string } | undefined,
): string[] {
  const { expected } = scenarioOf(outcome.scenario);
  const wrong: string[] = [];
  const check = (good: boolean, words: string) => void (good || wrong.push(words));
  check(incidents === 1, `${incidents} incidents, expected one`);
  check(outcome.status === expected.status, `the incident is ${outcome.status}, expected ${expected.status}`);
  if (expected.action) {
    check(outcome.resolution === 'automated', `resolution is ${outcome.resolution}, expected automated`);
    check(outcome.pages === 0, `${outcome.pages} pages, expected none`);
    const list = outcome.actions.map((action) => `${action.type} ${action.state}`).join(', ') || 'none';
    check(list === `${expected.action} succeeded`, `actions: ${list}; expected ${expected.action}, once`);
    check(done.length === 1, `${done.length} changes were made to the shop, expected one`);
  } else {
    check(outcome.actions.length === 0, `${outcome.actions.length} actions, expected none`);
    check(done.length === 0, `${done.length} changes were made to the shop, expected none`);
    check(outcome.pages >= 1, 'nobody was paged');
  }
  if (outcome.scenario === 'bad-deploy') {
    const rolledBack = done[0]?.kind === 'deploy' && done[0].from === deployed?.to && done[0].to === deployed?.from;
    check(
      rolledBack,
      `the shop went from ${done[0]?.from} to ${done[0]?.to}, expected from ${deployed?.to} to ${deployed?.from}`,
    );
  }
  return wrong;
}
