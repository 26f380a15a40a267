import { now, only, type Tx } from '@nightshift/db';
import { stepIn } from '@nightshift/lifecycle';
import { waited, waitInWords, type Waited } from '@nightshift/runbooks';
import { actor } from './executor.ts';
import { latestDiagnostics, type LedgerAction } from './store.ts';

/**
 * Whether a step that waits may begin. Nothing waits in memory: the times and facts are those of Postgres, and a fresh look is a job of
 * diagnostics, owed in this transaction. Runs inside admission, with the incident locked.
 */
export async function waitFor(tx: Tx, { incidentId, generation, planned, attempts }: LedgerAction): Promise<Waited> {
  const wait = planned.waitUntil;
  if (!wait || attempts > 0) return 'ready';
  const { since } = only(
    await tx.query<{ since: number }>(
      `SELECT greatest((SELECT max(finished_at) FROM action WHERE incident_id = $1 AND generation = $2 AND step < $3),
                       (SELECT max(at) FROM event WHERE incident_id = $1 AND to_state = 'remediating')) AS since`,
      [incidentId, generation, planned.step],
    ),
  );
  const found = await latestDiagnostics(tx, incidentId);
  const fresh = found.filter(({ takenAt }) => takenAt > since);
  const lookedAt = Math.max(0, ...found.map(({ takenAt }) => takenAt));
  const result = waited({ wait, since, at: await now(tx), fresh, lookedAt });
  if (result !== 'ready' && 'look' in result && result.look) await wantLook(tx, incidentId, waitInWords(wait));
  return result;
}

async function wantLook(tx: Tx, incidentId: string, detail: string) {
  const owed = await tx.query(
    `SELECT 1 FROM outbox WHERE incident_id = $1 AND stage = 'diagnose' AND done_at IS NULL`,
    [incidentId],
  );
  if (owed.length === 0) await stepIn(tx, incidentId, { kind: 'look_wanted', detail }, { actor });
}
