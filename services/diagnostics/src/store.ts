import type { Sql, Tx } from '@nightshift/db';
import type { DiagnosticResult } from '@nightshift/types';

/** Keeps the results of one diagnosis. */
export async function saveResults(
  tx: Tx,
  incidentId: string,
  generation: number,
  results: DiagnosticResult[],
): Promise<void> {
  await tx.query(
    `INSERT INTO diagnostic (incident_id, generation, check_name, target, status, facts, output, taken_at, duration_ms)
     SELECT $1, $2, "check", target, status, facts, output, ms("takenAt"), "durationMs"
       FROM jsonb_to_recordset($3) AS r("check" text, target text, status text, facts jsonb, output text, "takenAt" bigint, "durationMs" float8)`,
    [incidentId, generation, JSON.stringify(results)],
  );
}

/** The results of the round before a generation's. */
export function resultsBefore(sql: Sql, incidentId: string, generation: number): Promise<DiagnosticResult[]> {
  return sql.query<DiagnosticResult>(
    `SELECT check_name AS "check", target, status, facts, output, taken_at AS "takenAt", duration_ms AS "durationMs" FROM diagnostic
      WHERE incident_id = $1 AND generation = (SELECT max(generation) FROM diagnostic WHERE incident_id = $1 AND generation < $2)`,
    [incidentId, generation],
  );
}
