import type { Db } from '@nightshift/db';
import { raise, step } from '@nightshift/lifecycle';
import type { IncidentEvent } from '@nightshift/types';

const actor = 'bench';
/** Transactions of one life; the bare loop makes as many. */
export const commitsPerLife = 7;

/** A whole life of an incident through the lifecycle, one transaction per step: opened, diagnosed, remedied, recovered, written up. */
export async function live(db: Db, service: string): Promise<void> {
  const { incidentId, openedAt } = await db.tx(async (tx) => {
    const raised = await raise(tx, alarmOf(service), actor);
    return { incidentId: raised.incidentId, openedAt: Date.now() };
  });
  const done = { step: 0, type: 'restart_service', target: service, actionId: `${incidentId}-1` };
  const events: [IncidentEvent, { stage: 'diagnose' | 'remediate' | 'verify' | 'postmortem'; generation: number }?][] =
    [
      [
        {
          kind: 'diagnosed',
          results: [{ check: 'http_probe', target: service, status: 'down', summary: 'no answer' }],
        },
        { stage: 'diagnose', generation: 1 },
      ],
      [{ kind: 'runbook_chosen', runbook: 'restart', hash: 'h', planHash: 'p', summary: 'restart it', considered: [] }],
      [{ kind: 'action_finished', ...done, outcome: 'succeeded', detail: 'answered 200' }],
      [
        { kind: 'remediated', detail: 'one step done' },
        { stage: 'remediate', generation: 2 },
      ],
      [
        { kind: 'recovered', detail: 'back in its band', freshSamples: 5, since: openedAt + 3_600_000 },
        { stage: 'verify', generation: 3 },
      ],
      [
        { kind: 'postmortem_written', summary: 'it was restarted' },
        { stage: 'postmortem', generation: 4 },
      ],
    ];
  for (const [event, job] of events) {
    const result = await step(db, incidentId, event, { actor, ...(job ? { job } : {}) });
    if (!result.accepted) throw new Error(`${event.kind} of ${incidentId} was not accepted: ${result.reason}`);
  }
}

export const alarmOf = (service: string) => ({
  service,
  type: 'high_latency' as const,
  severity: 'critical' as const,
  title: `${service}: too slow`,
  onsetAt: Date.now(),
  reason: 'two critical series',
  anomalies: [{ metric: 'latency_ms', value: 900, expected: 100, severity: 'critical' as const }],
});

/** The tables of the bare loop: what is left when only the state and its history are kept. */
export const bareTables = `
  CREATE TABLE bare_incident (id text PRIMARY KEY, state text NOT NULL, version integer NOT NULL);
  CREATE TABLE bare_event (incident_id text NOT NULL, seq integer NOT NULL, event jsonb NOT NULL, PRIMARY KEY (incident_id, seq))`;

/** As many commits, each one statement: an update of the state, a row of history. The least that any design could do. */
export async function liveBarely(db: Db, id: string): Promise<void> {
  const event = JSON.stringify({ kind: 'moved', detail: 'a step of a life' });
  await db.query(
    `WITH opened AS (INSERT INTO bare_incident VALUES ($1, 'open', 1) RETURNING id)
     INSERT INTO bare_event SELECT id, 1, $2::jsonb FROM opened`,
    [id, event],
  );
  for (let version = 1; version < commitsPerLife; version++) {
    await db.query(
      `WITH moved AS (UPDATE bare_incident SET state = $2, version = version + 1 WHERE id = $1 AND version = $3 RETURNING id, version)
       INSERT INTO bare_event SELECT id, version, $4::jsonb FROM moved`,
      [id, `state ${version}`, version, event],
    );
  }
}
