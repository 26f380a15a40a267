import { now, type Tx } from '@nightshift/db';
import {
  flapLimits,
  newId,
  stateDeadlinesMs,
  type Classified,
  type IncidentEvent,
  type Severity,
} from '@nightshift/types';
import { stepIn } from './step.ts';

/** Something is wrong with a service, says a detector. */
export type Alarm = {
  service: string;
  /** What it is; by which rule, where rules said so. */
  type: Classified['type'];
  rule?: Classified['rule'];
  conditions?: Classified['conditions'];
  severity: Severity;
  title: string;
  /** When the first sample left its band (epoch ms). */
  onsetAt: number;
  reason: string;
  anomalies: Extract<IncidentEvent, { kind: 'opened' }>['anomalies'];
};

export type Raised = { incidentId: string; outcome: 'opened' | 'reopened' | 'open_already' | 'suppressed' };

/**
 * Opens the incident of a service, or finds the one that stands for it: an open one is kept, one resolved inside the reopen
 * window is reopened, one that a person called a false positive stays closed until that window has passed. Inside the
 * caller's transaction, so that the anomalies and their incident are committed together. Earlier ones of the last hours that ended without
 * a person count as reopenings: it flaps.
 */
export async function raise(tx: Tx, alarm: Alarm, actor: string): Promise<Raised> {
  const fingerprint = `service:${alarm.service}`;
  const [known] = await tx.query<{ id: string; state: string; resolution: string | null }>(
    `SELECT id, state, resolution FROM incident WHERE fingerprint = $1 AND state <> 'closed'
      ORDER BY (state <> 'resolved') DESC, opened_at DESC LIMIT 1`,
    [fingerprint],
  );
  if (known && known.state !== 'resolved') return { incidentId: known.id, outcome: 'open_already' };
  if (known?.resolution === 'false_positive') return { incidentId: known.id, outcome: 'suppressed' };
  if (known && known.resolution !== 'person') {
    const { reason, severity, title } = alarm;
    const event = { kind: 'reopened' as const, reason, ...classifiedAs(alarm), severity, title };
    const result = await stepIn(tx, known.id, event, { actor });
    if (result.accepted) return { incidentId: known.id, outcome: 'reopened' };
  }
  const id = newId('inc');
  const at = await now(tx);
  const inserted = await tx.query(
    `INSERT INTO incident (id, fingerprint, service, title, type, severity, state, version, generation, onset_at, opened_at, deadline_at, reopens)
     VALUES ($1, $2, $3, $4, $5, $6, 'open', 0, 0, ms($7), ms($8), ms($9), (
       SELECT count(*) FROM incident WHERE fingerprint = $2 AND opened_at > ms($10) AND resolution IN ('self', 'automated')))
     ON CONFLICT (fingerprint) WHERE state NOT IN ('resolved', 'closed') DO NOTHING RETURNING id`,
    [
      id,
      fingerprint,
      alarm.service,
      alarm.title,
      alarm.type,
      alarm.severity,
      alarm.onsetAt,
      at,
      at + stateDeadlinesMs.open,
      at - flapLimits.withinMs,
    ],
  );
  if (inserted.length === 0) return raise(tx, alarm, actor); // another detector opened it a moment ago: join that one
  const { reason, anomalies } = alarm;
  await stepIn(tx, id, { kind: 'opened', reason, anomalies, ...classifiedAs(alarm) }, { actor });
  return { incidentId: id, outcome: 'opened' };
}

const classifiedAs = ({ type, rule, conditions }: Alarm) => ({ type, rule, conditions });
