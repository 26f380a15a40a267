import { describe, expect, it } from 'vitest';
import { IncidentEvent, jobs, Plan, Postmortem, Runbook } from './index.ts';

/** Payloads as the first version wrote them. Never edit one: what was written must stay readable. Add new ones below. */
const written = {
  stageJob: { v: 1, incidentId: 'inc-m1abc', stage: 'diagnose', generation: 1 },
  samplesJob: { v: 1, shard: 0, batch: 'AQBTTgAAAAA=' },
  plan: {
    incidentId: 'inc-m1abc',
    runbook: 'roll-back',
    runbookHash: 'abc',
    actions: [
      {
        step: 0,
        type: 'rollback_deploy',
        target: 'shop-api',
        provider: 'process',
        params: {},
        class: 'idempotent',
        precondition: { from: 'v2', to: 'v1' },
        timeoutMs: 60000,
        maxRetries: 1,
        summary: 'roll back',
        undo: 'deploy v2',
      },
    ],
  },
  runbook: {
    schema: 1,
    id: 'restart',
    title: 'Restart',
    match: { type: 'service_down' },
    steps: [{ action: 'restart_service' }],
  },
  postmortem: {
    incidentId: 'inc-m1abc',
    resolution: 'automated',
    phases: {
      onsetToDetectedMs: 1,
      detectedToDiagnosedMs: 2,
      diagnosedToActedMs: 3,
      actedToResolvedMs: 4,
      totalMs: 10,
    },
    suspectChange: null,
    tried: [],
    improvements: [],
    markdown: '# x',
  },
};

const events: unknown[] = [
  { kind: 'opened', reason: 'r', anomalies: [{ metric: 'm', value: 1, expected: 0, severity: 'critical' }] },
  { kind: 'anomaly_joined', metric: 'm', value: 1, expected: 0, severity: 'warning' },
  { kind: 'runbook_chosen', runbook: 'r', hash: 'h', planHash: 'p', summary: 's' },
  { kind: 'recovered', detail: 'd', freshSamples: 5, since: 1 },
  { kind: 'deadline_passed', state: 'deciding' },
  { kind: 'resolved_by_person', by: 'ada' },
];

describe('payloads written by the first version still parse', () => {
  it.each([
    ['stage job', jobs.diagnose.schema, written.stageJob],
    ['samples job', jobs.samples.schema, written.samplesJob],
    ['plan', Plan, written.plan],
    ['runbook', Runbook, written.runbook],
    ['postmortem', Postmortem, written.postmortem],
  ])('%s', (_name, schema, payload) => {
    expect(schema.safeParse(payload).error).toBeUndefined();
  });

  it.each(events)('event %#', (event) => {
    expect(IncidentEvent.safeParse(event).error).toBeUndefined();
  });

  it('with fields that a later version added', () => {
    expect(jobs.diagnose.schema.safeParse({ ...written.stageJob, trace: 'later' }).success).toBe(true);
  });
});

describe('a runbook', () => {
  it('starts in observe unless it says otherwise', () => {
    expect(Runbook.parse(written.runbook).mode).toBe('observe');
  });
});
