import type { Db } from '@nightshift/db';
import { pruneBreaches } from '@nightshift/lifecycle';
import { anomalyLimits } from '@nightshift/types';

/** Deleted at a time: short transactions, and the next round goes on. */
const batch = 5_000;

/** Forgets anomalies that have ended long ago, or are too many, and why breaches opened nothing. Whoever owns shard 0 does it. */
export async function prune(db: Db): Promise<void> {
  const notOpen = `ended_at IS NOT NULL AND (incident_id IS NULL OR EXISTS (
    SELECT FROM incident i WHERE i.id = anomaly.incident_id AND i.state = 'closed'))`;
  await db.query(
    `DELETE FROM anomaly WHERE id IN (
       SELECT id FROM anomaly WHERE ended_at < nightshift_now() - $1 * interval '1 millisecond' AND ${notOpen} ORDER BY id LIMIT $2)`,
    [anomalyLimits.keptMs, batch],
  );
  await db.query(
    `DELETE FROM anomaly WHERE id IN (
       SELECT id FROM anomaly WHERE id <= (SELECT id FROM anomaly ORDER BY id DESC OFFSET $1 LIMIT 1) AND ${notOpen} ORDER BY id LIMIT $2)`,
    [anomalyLimits.kept, batch],
  );
  await pruneBreaches(db);
}
