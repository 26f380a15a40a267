import { now, type Sql } from '@nightshift/db';
import { incidentColumns } from '@nightshift/lifecycle';
import { IncidentState, NightshiftError, Severity } from '@nightshift/types';
import { z } from 'zod';
import type { IncidentList, IncidentRow } from '../wire.ts';

export const ListQuery = z.strictObject({
  /** `open`: somebody or something is at it. `ended`: resolved or closed. Or one exact state. */
  state: z.union([z.enum(['all', 'open', 'ended']), IncidentState]).default('all'),
  service: z.string().min(1).max(128).optional(),
  severity: Severity.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `next` of the page before. */
  after: z.string().max(128).optional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

const groups: Record<string, string[]> = {
  all: IncidentState.options,
  ended: ['resolved', 'closed'],
};

/** Incidents, newest first, a page at a time. */
export async function listIncidents(sql: Sql, query: ListQuery): Promise<IncidentList> {
  const { openedAt, id } = cursorOf(query.after);
  // Spelled out, so that the partial index on open incidents serves.
  const state =
    query.state === 'open' ? `state NOT IN ('resolved', 'closed') AND $1::text[] IS NOT NULL` : 'state = ANY ($1)';
  const rows = await sql.query<IncidentRow>(
    `SELECT ${incidentColumns},
            EXISTS (SELECT 1 FROM approval a WHERE a.incident_id = incident.id AND a.state = 'pending'
                       AND incident.state = 'awaiting_approval') AS "waitsForApproval"
       FROM incident
      WHERE ${state} AND ($2::text IS NULL OR service = $2) AND ($3::text IS NULL OR severity = $3)
        AND ($4::bigint IS NULL OR (opened_at, id) < (ms($4), $5))
      ORDER BY opened_at DESC, id DESC LIMIT $6`,
    [
      groups[query.state] ?? [query.state],
      query.service ?? null,
      query.severity ?? null,
      openedAt,
      id,
      query.limit + 1,
    ],
  );
  const incidents = rows.slice(0, query.limit);
  const last = incidents.at(-1);
  return {
    now: await now(sql),
    incidents,
    next: last && rows.length > query.limit ? `${last.openedAt}~${last.id}` : null,
  };
}

function cursorOf(after: string | undefined): { openedAt: number | null; id: string | null } {
  if (after === undefined) return { openedAt: null, id: null };
  const [, at, id] = /^(\d{1,15})~([A-Za-z0-9-]{1,64})$/.exec(after) ?? [];
  if (!at || !id) throw new NightshiftError('BODY_INVALID', 'after: must be the `next` of another page');
  return { openedAt: Number(at), id };
}
