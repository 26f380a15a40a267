import type { Check, Finding, SubjectOf } from '../../check.ts';
import { askPostgres } from '../../postgres.ts';

const waitingLimit = 5;
const usedLimitPercent = 90;

type Counts = {
  total: number;
  active: number;
  idle: number;
  idleInTransaction: number;
  waitingOnLocks: number;
  hidden: number;
  longestLockWaitMs: number | null;
  longestTransactionMs: number | null;
  maxConnections: number;
  reserved: number;
};

// Sessions of other roles show only that they exist, unless ours may read all statistics.
const counting = `
  SELECT count(*) AS total,
         count(*) FILTER (WHERE state = 'active') AS active,
         count(*) FILTER (WHERE state = 'idle') AS idle,
         count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS "idleInTransaction",
         count(*) FILTER (WHERE wait_event_type = 'Lock') AS "waitingOnLocks",
         count(*) FILTER (WHERE backend_type IS NULL) AS hidden,
         (extract(epoch FROM max(clock_timestamp() - query_start) FILTER (WHERE wait_event_type = 'Lock')) * 1000)::bigint AS "longestLockWaitMs",
         (extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000)::bigint AS "longestTransactionMs",
         current_setting('max_connections')::int AS "maxConnections",
         current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved
    FROM pg_stat_activity
   WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL)`;

/** Connections of a Postgres against what it really allows, and sessions that wait for locks. */
export const databaseConnections: Check<SubjectOf<'postgres'>, 'database_connections'> = {
  id: 'database_connections',
  appliesTo: (subject) => subject.kind === 'postgres',
  async run(context) {
    const asked = await askPostgres<Counts>(context, counting);
    return asked.ok ? judge(asked.row) : asked.trouble;
  },
};

function judge(counts: Counts): Finding<'database_connections'> {
  // Ordinary clients get what superusers have not reserved: at 100% of that they are turned away.
  const usable = counts.maxConnections - counts.reserved;
  const usedPercent = Math.round((counts.total / usable) * 1_000) / 10;
  const facts = { ...counts, usableConnections: usable, usedPercent };
  const output =
    `${counts.total} of ${usable} connections (${usedPercent}%): ${counts.active} active, ${counts.idle} idle, ` +
    `${counts.idleInTransaction} idle in transaction; ${counts.waitingOnLocks} waiting on locks` +
    (counts.longestLockWaitMs === null ? '' : `, the longest for ${counts.longestLockWaitMs} ms`);
  if (counts.waitingOnLocks > waitingLimit || usedPercent >= usedLimitPercent)
    return { status: 'degraded', facts, output };
  if (counts.hidden > 0) {
    return {
      status: 'unknown',
      facts,
      output: `${output}; ${counts.hidden} sessions of other roles are hidden: GRANT pg_monitor to the role that looks`,
    };
  }
  return { status: 'ok', facts, output };
}
