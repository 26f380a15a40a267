import { NightshiftError, type ActionType, type Resolution } from '@nightshift/types';

export const scenarioNames = ['bad-deploy', 'crash', 'mystery', 'overload', 'fix-fails', 'disk-full'] as const;
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

/** How each scenario should end: `actions` of the ledger, and `effects` as the shop itself tells them, both in order. */
export type Expectation = {
  status: 'resolved' | 'escalated';
  actions: ActionType[];
  effects: string[];
  words: string;
};

const expectations: Record<ScenarioName, Expectation> = {
  'bad-deploy': {
    status: 'resolved',
    actions: ['rollback_deploy'],
    effects: ['deploy'],
    words: 'rolled back to the exact earlier version, once; nobody is woken',
  },
  crash: {
    status: 'resolved',
    actions: ['restart_service'],
    effects: ['restart'],
    words: 'restarted, once; nobody is woken',
  },
  mystery: {
    status: 'escalated',
    actions: [],
    effects: [],
    words: 'nothing is touched; a person is paged with everything that is known',
  },
  overload: {
    status: 'resolved',
    actions: ['scale_up'],
    effects: ['scale'],
    words: 'one more instance, within the limit; nobody is woken',
  },
  'fix-fails': {
    status: 'escalated',
    actions: ['rollback_deploy', 'restart_service'],
    effects: ['deploy', 'restart'],
    words:
      'neither a rollback nor a restart helps; after two remedies a person is paged, once, with all that was tried',
  },
  'disk-full': {
    status: 'resolved',
    actions: ['clear_cache'],
    effects: [],
    words: 'old temporary files of the one allowed folder are removed; nobody is woken',
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
  if (expected.status === 'resolved')
    check(outcome.resolution === 'automated', `resolution is ${outcome.resolution}, expected automated`);
  const list = (each: string[]) => each.join(', ') || 'none';
  const actions = list(outcome.actions.map(({ type, state }) => `${type} ${state}`));
  const wanted = list(expected.actions.map((type) => `${type} succeeded`));
  check(actions === wanted, `actions: ${actions}; expected ${wanted}`);
  const effects = list(done.map(({ kind }) => kind));
  check(effects === list(expected.effects), `done to the shop: ${effects}; expected ${list(expected.effects)}`);
  const pages = expected.status === 'escalated' ? 1 : 0;
  check(outcome.pages === pages, `${outcome.pages} pages, expected ${pages}`);
  if (outcome.scenario === 'bad-deploy') {
    const rolledBack = done[0]?.kind === 'deploy' && done[0].from === deployed?.to && done[0].to === deployed?.from;
    check(
      rolledBack,
      `the shop went from ${done[0]?.from} to ${done[0]?.to}, expected from ${deployed?.to} to ${deployed?.from}`,
    );
  }
  return wrong;
}
