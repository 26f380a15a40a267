import type { Sql } from '@nightshift/db';

/**
 * Whom the remedy may have harmed: a service that it touched, or that depends on one, whose own incident was opened only after the
 * action (`since`, epoch ms) and is still open. In words, or null.
 */
export async function harmedNeighbour(sql: Sql, incidentId: string, since: number): Promise<string | null> {
  const [harmed] = await sql.query<{ id: string; service: string }>(
    `WITH radius AS (SELECT content->'blastRadius' AS of FROM plan WHERE incident_id = $1 AND content ? 'blastRadius')
     SELECT id, service FROM incident
      WHERE id <> $1 AND opened_at > ms($2) AND state NOT IN ('resolved', 'closed') AND service IN (
        SELECT jsonb_array_elements_text(of->'touches') FROM radius UNION
        SELECT jsonb_array_elements(of->'felt')->>'service' FROM radius)
      ORDER BY opened_at LIMIT 1`,
    [incidentId, Math.trunc(since)],
  );
  return harmed ? `${harmed.service}, which would feel the remedy, fell sick after it (${harmed.id})` : null;
}
