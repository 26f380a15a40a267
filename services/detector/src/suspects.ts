import type { Tx } from '@nightshift/db';
import { rankSuspects, sicknessOf, type EvidenceTail, type Known, type Signal } from '@nightshift/detection';
import { stepIn } from '@nightshift/lifecycle';
import type { DetectionConfig } from '@nightshift/types';
import type { Dependencies } from './dependencies.ts';

const actor = 'detector';
/** A change this long before may be the cause. */
const changeMs = 60 * 60_000;
/** Bounds on what is looked at: services around one, and incidents that may be a consequence of one. */
const most = { services: 200, anomalies: 5_000, incidents: 20 };

type Subject = {
  incidentId: string;
  service: string;
  /** Database time. */
  at: number;
  rule: DetectionConfig['composite'];
  dependencies: Dependencies;
};

/**
 * Notes on an incident that has just been opened who may be its cause, and on those of services that depend on its service that it may
 * be theirs. A service that stands alone is not named, unless it was changed.
 */
export async function nameSuspects(tx: Tx, subject: Subject): Promise<void> {
  await note(tx, subject);
  const dependants = subject.dependencies.dependants(subject.service);
  if (dependants.length === 0) return;
  const open = await tx.query<{ incidentId: string; service: string }>(
    `SELECT id AS "incidentId", service FROM incident
      WHERE service = ANY ($1::text[]) AND state NOT IN ('resolved', 'closed') AND opened_at > ms($2) ORDER BY opened_at DESC LIMIT $3`,
    [dependants, subject.at - changeMs, most.incidents],
  );
  for (const each of open) await note(tx, { ...subject, ...each });
}

async function note(tx: Tx, { incidentId, service, at, rule, dependencies }: Subject): Promise<void> {
  const known = await readKnown(tx, around(service, dependencies), at, rule);
  const suspects = rankSuspects(
    service,
    known.map((each) => sicknessOf(each, at, rule)),
    dependencies.of,
  );
  const alone = suspects.every((suspect) => suspect.service === service);
  if (alone && !known.some((each) => each.service === service && each.change !== undefined)) return;
  const open = await tx.query<{ id: string; service: string }>(
    `SELECT id, service FROM incident WHERE service = ANY ($1::text[]) AND state NOT IN ('resolved', 'closed')`,
    [suspects.map((suspect) => suspect.service)],
  );
  const named = suspects.map((suspect) => {
    const own = open.find((each) => each.service === suspect.service && each.id !== incidentId);
    return { ...suspect, score: Math.round(suspect.score * 100) / 100, ...(own && { incidentId: own.id }) };
  });
  await stepIn(tx, incidentId, { kind: 'suspects', suspects: named }, { actor });
}

/** A service, what it depends on, and who else depends on that. */
function around(service: string, dependencies: Dependencies): string[] {
  const behind = dependencies.of(service);
  return [...new Set([service, ...behind, ...behind.flatMap(dependencies.dependants)])].slice(0, most.services);
}

async function readKnown(tx: Tx, services: string[], at: number, rule: DetectionConfig['composite']): Promise<Known[]> {
  const windowStart = at - rule.windowSeconds * 1_000;
  const rows = await tx.query<
    Omit<Known, 'signals' | 'tail' | 'change'> & { tail: EvidenceTail | null; changed: string | null }
  >(
    `SELECT n AS service, (SELECT count(*) FROM series WHERE service = n) AS "judgedSeries",
            (SELECT coalesce(sum(sum), 0) FROM service_evidence WHERE service = n AND at > ms($2)) AS evidence,
            (SELECT tail FROM service_tail WHERE service = n) AS tail,
            (SELECT version FROM deployment WHERE service = n AND deployed_at > ms($3) AND deployed_at <= ms($4)
              ORDER BY deployed_at DESC LIMIT 1) AS changed
       FROM unnest($1::text[]) AS n`,
    [services, windowStart, at - changeMs, at],
  );
  const signals = await tx.query<Signal>(
    `SELECT a.series_id AS "seriesId", a.service, s.name AS metric, a.started_at AS "startedAt", a.last_at AS "lastAt", a.severity, a.score
       FROM anomaly a JOIN series s ON s.id = a.series_id WHERE a.service = ANY ($1::text[]) AND a.last_at > ms($2)
        AND NOT EXISTS (SELECT FROM incident i WHERE i.id = a.incident_id AND a.last_at <= i.resolved_at) ORDER BY a.id DESC LIMIT $3`,
    [services, windowStart, most.anomalies],
  );
  return rows.map(({ changed, ...row }) => ({
    ...row,
    signals: signals.filter((signal) => signal.service === row.service),
    ...(changed !== null && { change: `${changed} was deployed shortly before` }),
  }));
}
