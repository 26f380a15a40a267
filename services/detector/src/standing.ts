import { only, type Tx } from '@nightshift/db';
import { youngMs, type EndedIncident, type EvidenceTail, type OpenIncident } from '@nightshift/detection';
import { incidentColumns } from '@nightshift/lifecycle';
import { Incident, type DetectionConfig } from '@nightshift/types';

/** How a service stands, beside its anomalies: all that its next decision rests on. */
export type Standing = {
  judgedSeries: number;
  youngSeries: number;
  evidence: number;
  tail: EvidenceTail | null;
  open: Incident | null;
  causes: OpenIncident[];
  ended: EndedIncident | null;
};

/** Reads it inside the transaction that holds the service's lock, at the database's time `at`. */
export async function readStanding(
  tx: Tx,
  service: string,
  at: number,
  rule: DetectionConfig['composite'],
  dependsOn: readonly string[],
): Promise<Standing> {
  const windowStart = at - rule.windowSeconds * 1_000;
  // What was seen before an incident was resolved is dealt with, and a sum does not say when it was seen.
  const rows = await tx.query<Pick<Standing, 'judgedSeries' | 'youngSeries' | 'evidence' | 'tail'>>(
    `SELECT known.count AS "judgedSeries", known.young AS "youngSeries",
            (SELECT coalesce(sum(sum), 0) FROM service_evidence WHERE service = $1 AND at > ms($2) AND NOT EXISTS (
               SELECT FROM incident WHERE fingerprint = 'service:' || $1 AND resolved_at > ms($2))) AS evidence,
            (SELECT tail FROM service_tail WHERE service = $1) AS tail
       FROM (SELECT count(*), coalesce(sum(greatest(0, 1 - extract(epoch FROM ms($3) - created_at) * 1000 / $4)), 0)::float8 AS young
               FROM series WHERE service = $1 AND name !~ '_bucket$') AS known`,
    [service, windowStart, at, youngMs],
  );
  return {
    ...only(rows),
    open: await openIncident(tx, service),
    causes: await causesOf(tx, dependsOn),
    ended: await endedByPerson(tx, service, at - rule.cooldownSeconds * 1_000),
  };
}

/** Keeps what was learned of the service's evidence. */
export async function keepTail(tx: Tx, service: string, tail: EvidenceTail): Promise<void> {
  await tx.query(
    `INSERT INTO service_tail (service, tail) VALUES ($1, $2) ON CONFLICT (service) DO UPDATE SET tail = excluded.tail`,
    [service, JSON.stringify(tail)],
  );
}

/** Keeps what one shard has seen of its services' evidence. */
export async function keepEvidence(
  tx: Tx,
  shard: number,
  at: number,
  sums: ReadonlyMap<string, number>,
): Promise<void> {
  if (sums.size === 0) return;
  await tx.query(
    `INSERT INTO service_evidence (service, shard, sum, at) SELECT service, $1, sum, ms($2) FROM unnest($3::text[], $4::float8[]) AS e (service, sum)
     ORDER BY service ON CONFLICT (service, shard) DO UPDATE SET sum = excluded.sum, at = excluded.at`,
    [shard, at, [...sums.keys()], [...sums.values()]],
  );
}

async function openIncident(tx: Tx, service: string): Promise<Incident | null> {
  const [row] = await tx.query(
    `SELECT ${incidentColumns} FROM incident WHERE fingerprint = $1 AND state NOT IN ('resolved', 'closed')`,
    [`service:${service}`],
  );
  return row ? Incident.parse(row) : null;
}

async function causesOf(tx: Tx, dependsOn: readonly string[]): Promise<OpenIncident[]> {
  if (dependsOn.length === 0) return [];
  return tx.query<OpenIncident>(
    `SELECT i.id, i.service, i.onset_at AS "onsetAt" FROM unnest($1::text[]) WITH ORDINALITY AS d (service, distance)
       JOIN incident i ON i.fingerprint = 'service:' || d.service AND i.state NOT IN ('resolved', 'closed') ORDER BY d.distance`,
    [dependsOn],
  );
}

async function endedByPerson(tx: Tx, service: string, since: number): Promise<EndedIncident | null> {
  const [row] = await tx.query<Omit<EndedIncident, 'series'> & { series: number[] }>(
    `SELECT i.id, i.resolved_at AS at,
            coalesce((SELECT e.actor FROM event e WHERE e.incident_id = i.id AND e.to_state = 'resolved' ORDER BY seq DESC LIMIT 1), 'somebody') AS by,
            ARRAY(SELECT DISTINCT series_id FROM anomaly WHERE incident_id = i.id) AS series
       FROM incident i WHERE i.fingerprint = $1 AND i.resolution = 'person' AND i.resolved_at > ms($2) ORDER BY i.resolved_at DESC LIMIT 1`,
    [`service:${service}`, since],
  );
  return row ? { ...row, series: new Set(row.series.map(Number)) } : null;
}
