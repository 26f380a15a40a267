import { transitions, type Incident, type IncidentEvent } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';

const opened: Incident = {
  id: 'inc-1',
  fingerprint: 'service:shop',
  service: 'shop',
  title: 'shop: too many errors',
  type: 'high_error_rate',
  severity: 'critical',
  state: 'open',
  version: 0,
  generation: 0,
  decisions: 0,
  reopens: 0,
  onsetAt: 0,
  openedAt: 1_000,
  actedAt: null,
  resolvedAt: null,
  deadlineAt: 61_000,
  resolution: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  runbook: null,
};

const anomaly = { metric: 'http_error_ratio', value: 0.6, expected: 0.01, severity: 'critical' as const };
const plan = { runbook: 'roll-back', hash: 'h', planHash: 'p', summary: 'roll back' };
const action = { actionId: 'act-1', step: 0, type: 'rollback_deploy', target: 'shop-api' };

/** One event of every kind, times relative to the present of the run. */
const eventsAt = (at: number, incident: Incident): IncidentEvent[] => [
  { kind: 'opened', reason: 'two criticals', anomalies: [anomaly] },
  { kind: 'anomaly_joined', ...anomaly },
  { kind: 'reopened', reason: 'again' },
  { kind: 'diagnosed', results: [] },
  { kind: 'runbook_chosen', ...plan, considered: [] },
  { kind: 'approval_requested', ...plan, approvalId: 'apr-1', expiresAt: at + 60_000 },
  { kind: 'no_runbook', reason: 'none fits', considered: [] },
  { kind: 'approved', approvalId: 'apr-1', by: 'ada' },
  { kind: 'rejected', approvalId: 'apr-1', by: 'ada', reason: 'no' },
  { kind: 'action_started', ...action, attempt: 1, summary: 's' },
  { kind: 'action_finished', ...action, outcome: 'succeeded', detail: '' },
  { kind: 'action_finished', ...action, outcome: 'failed', detail: '' },
  { kind: 'look_wanted', detail: '' },
  { kind: 'classified', was: 'unknown', type: 'service_down', rule: 'r', conditions: [] },
  { kind: 'remediated', detail: '' },
  { kind: 'remedy_failed', outcome: 'failed', detail: '' },
  { kind: 'recovered', detail: '', freshSamples: 5, since: incident.actedAt ?? incident.openedAt },
  { kind: 'recovered', detail: 'no fresh samples', freshSamples: 0, since: at },
  { kind: 'recovered', detail: 'from before the action', freshSamples: 9, since: incident.openedAt - 1 },
  { kind: 'not_recovered', detail: '' },
  { kind: 'deadline_passed', state: incident.state },
  { kind: 'paged', channel: 'console', recipient: 'ada', level: 0, dedupKey: 'k', detail: '' },
  { kind: 'page_failed', channel: 'console', recipient: 'ada', level: 0, detail: '' },
  { kind: 'acknowledged', by: 'ada' },
  { kind: 'resolved_by_person', by: 'ada', reason: '' },
  { kind: 'marked_false_positive', by: 'bob', reason: '' },
  { kind: 'postmortem_written', summary: '' },
  { kind: 'note', by: 'ada', text: 'hm' },
];
const kinds = eventsAt(0, opened).length;
const byPerson = new Set([
  'acknowledged',
  'resolved_by_person',
  'marked_false_positive',
  'approved',
  'rejected',
  'note',
]);

/** A random life: which event, and how long after the one before. */
const life = fc.array(
  fc.record({
    pick: fc.nat(kinds - 1),
    afterMs: fc.constantFrom(0, 10, 1_000, 120_000, 4_000_000),
    twice: fc.boolean(),
  }),
  { maxLength: 60 },
);

function live(
  steps: { pick: number; afterMs: number; twice: boolean }[],
  check: (before: Incident, event: IncidentEvent, after: Incident, stages: string[], at: number) => void,
) {
  let incident = opened;
  let at = opened.openedAt;
  for (const { pick, afterMs, twice } of steps) {
    at += afterMs;
    const event = eventsAt(at, incident)[pick]!;
    for (let copy = 0; copy < (twice ? 2 : 1); copy++) {
      const decision = decide(incident, event, at);
      const after = decision.kind === 'accepted' ? decision.incident : incident;
      check(incident, event, after, decision.kind === 'accepted' ? decision.stages : [], at);
      incident = after;
    }
  }
}

const runs = { numRuns: 2_000 };

describe('every life, whatever happens in whatever order, however often', () => {
  it('keeps a deadline in every state but the final one', () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, (_before, _event, after) => expect(after.deadlineAt === null).toBe(after.state === 'closed')),
      ),
      runs,
    );
  });

  it('moves only along allowed transitions, and changes nothing once closed but a verdict of a person', () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, (before, event, after) => {
          if (before.state !== after.state) expect(transitions[before.state]).toContain(after.state);
          if (before.state === 'closed' && !byPerson.has(event.kind))
            expect({ ...after, actedAt: null }).toEqual({ ...before, actedAt: null });
        }),
      ),
      runs,
    );
  });

  it('never overwrites what a person did (defect 53)', () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, (before, event, after) => {
          if (byPerson.has(event.kind)) return;
          if (before.resolution === 'person' || before.resolution === 'false_positive') {
            expect(after.resolution).toBe(before.resolution);
            expect(['resolved', 'closed']).toContain(after.state);
          }
          if (before.acknowledgedBy !== null && before.state === 'escalated') expect(after.state).toBe('escalated');
        }),
      ),
      runs,
    );
  });

  it('defect 47: resolves by itself only on fresh samples taken after the last action', () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, (before, event, after) => {
          if (after.state !== 'resolved' || before.state === 'resolved' || byPerson.has(event.kind)) return;
          expect(event.kind).toBe('recovered');
          if (event.kind !== 'recovered') return;
          expect(event.freshSamples).toBeGreaterThan(0);
          expect(event.since).toBeGreaterThanOrEqual(before.actedAt ?? before.openedAt);
          if (after.resolution === 'automated') expect(before.actedAt).not.toBeNull();
        }),
      ),
      runs,
    );
  });

  it('rings for nothing twice: the second copy of an event sets no job in motion', () => {
    fc.assert(
      fc.property(life, fc.nat(kinds - 1), (steps, pick) => {
        let last = opened;
        let at = 0;
        live(steps, (_before, _event, after, _stages, when) => ((last = after), (at = when)));
        const event = eventsAt(at, last)[pick]!;
        const first = decide(last, event, at);
        if (first.kind !== 'accepted' || first.stages.length === 0) return;
        const second = decide(first.incident, event, at);
        expect(second.kind === 'accepted' ? second.stages : []).toEqual([]);
      }),
      runs,
    );
  });

  it('gives jobs a generation of their own, so that no job id comes twice', () => {
    fc.assert(
      fc.property(life, (steps) => {
        const ids = new Set<string>();
        live(steps, (_before, _event, after, stages) => {
          for (const stage of stages) {
            const id = `${stage}-${after.generation}`;
            expect(ids.has(id)).toBe(false);
            ids.add(id);
          }
        });
      }),
      runs,
    );
  });
});

describe('the journey', () => {
  const run = (...events: IncidentEvent[]) =>
    events.reduce((incident, event, i) => {
      const decision = decide(incident, event, 2_000 + i);
      if (decision.kind === 'ignored') throw new Error(`${event.kind}: ${decision.reason}`);
      return decision.incident;
    }, opened);

  const [open, diagnosed, chosen] = [eventsAt(0, opened)[0]!, eventsAt(0, opened)[3]!, eventsAt(0, opened)[4]!];
  const succeeded: IncidentEvent = { kind: 'action_finished', ...action, outcome: 'succeeded', detail: '' };
  const remediated: IncidentEvent = { kind: 'remediated', detail: '' };

  it('goes from opened to resolved by our action', () => {
    const end = run(open, diagnosed, chosen, succeeded, remediated, {
      kind: 'recovered',
      detail: '',
      freshSamples: 5,
      since: 2_003,
    });
    expect(end).toMatchObject({ state: 'resolved', resolution: 'automated', actedAt: 2_003, resolvedAt: 2_005 });
  });

  it('says "self" when it recovered though nothing of ours took effect', () => {
    const end = run(
      open,
      diagnosed,
      { kind: 'no_runbook', reason: 'none', considered: [] },
      { kind: 'recovered', detail: '', freshSamples: 5, since: 2_002 },
    );
    expect(end).toMatchObject({ state: 'resolved', resolution: 'self' });
  });

  it('decides again when the first remedy did not help, and then asks a person', () => {
    const failed: IncidentEvent = { kind: 'not_recovered', detail: '' };
    expect(run(open, diagnosed, chosen, succeeded, remediated, failed).state).toBe('deciding');
    expect(
      run(open, diagnosed, chosen, succeeded, remediated, failed, chosen, succeeded, remediated, failed).state,
    ).toBe('escalated');
  });

  it('is, when reopened, the trouble that it is now', () => {
    const resolvedByUs = run(open, diagnosed, chosen, succeeded, remediated, {
      kind: 'recovered',
      detail: '',
      freshSamples: 5,
      since: 2_003,
    });
    const again = {
      kind: 'reopened',
      reason: 'again',
      type: 'service_down',
      severity: 'critical',
      title: 'shop-api: down',
    } as const;
    expect(decide(resolvedByUs, again, 9_000)).toMatchObject({
      incident: { type: 'service_down', severity: 'critical', title: 'shop-api: down' },
    });
  });

  it('reopens inside the window, but not what a person ended', () => {
    const resolvedByUs = run(open, diagnosed, chosen, succeeded, remediated, {
      kind: 'recovered',
      detail: '',
      freshSamples: 5,
      since: 2_003,
    });
    expect(decide(resolvedByUs, { kind: 'reopened', reason: 'again' }, 9_000)).toMatchObject({
      kind: 'accepted',
      incident: { state: 'diagnosing', reopens: 1 },
    });
    const byAda = run(open, { kind: 'resolved_by_person', by: 'ada', reason: '' });
    expect(decide(byAda, { kind: 'reopened', reason: 'again' }, 9_000).kind).toBe('ignored');
  });
});

it('looks again for a step that waits, without leaving the state, each time under a generation of its own', () => {
  const remediating: Incident = { ...opened, state: 'remediating', generation: 4 };
  const wanted = decide(remediating, { kind: 'look_wanted', detail: '' }, 1);
  expect(wanted).toEqual({ kind: 'accepted', stages: ['diagnose'], incident: { ...remediating, generation: 5 } });
  expect(decide(remediating, { kind: 'diagnosed', results: [] }, 1)).toEqual({
    kind: 'accepted',
    stages: [],
    incident: remediating,
  });
  expect(decide({ ...opened, state: 'verifying' }, { kind: 'look_wanted', detail: '' }, 1).kind).toBe('ignored');
});
