import type { Check, Finding, SubjectOf } from '../../check.ts';
import { askPostgres } from '../../postgres.ts';
import { listed } from '../../words.ts';

const blockedLimitMs = 1_000;
const idleInTransactionLimitMs = 5 * 60_000;
const transactionLimitMs = 60 * 60_000;

type Locks = {
  blocked: number;
  blockers: number;
  longestBlockedMs: number | null;
  rootPid: number | null;
  rootBlocks: number | null;
  rootState: string | null;
  rootApplication: string | null;
  rootTransactionMs: number | null;
  longestTransactionMs: number | null;
  longestIdleInTransactionMs: number | null;
};

// Follows each waiting session to the one at the root, which waits for nobody. What is not said here is said nowhere: no query
// texts, they carry other people's data. pg_blocking_pids is asked only for the sessions that wait.
const following = `
  WITH RECURSIVE session AS (
    SELECT pid, state, application_name, query_start, state_change, xact_start, wait_event_type,
           CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) END AS blocked_by
      FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL
  ), edge AS (
    SELECT pid, unnest(blocked_by) AS blocker FROM session WHERE blocked_by IS NOT NULL
  ), chain AS (
    SELECT pid, blocker AS root FROM edge WHERE blocker NOT IN (SELECT pid FROM edge)
    UNION
    SELECT edge.pid, chain.root FROM edge JOIN chain ON edge.blocker = chain.pid
  ), worst AS (
    SELECT root, count(*) AS blocks FROM chain GROUP BY root ORDER BY count(*) DESC, root LIMIT 1
  )
  SELECT (SELECT count(DISTINCT pid) FROM edge) AS blocked,
         (SELECT count(DISTINCT root) FROM chain) AS blockers,
         (SELECT max(ms_since(query_start)) FROM session WHERE pid IN (SELECT pid FROM edge)) AS "longestBlockedMs",
         worst.root AS "rootPid", worst.blocks AS "rootBlocks", s.state AS "rootState",
         nullif(s.application_name, '') AS "rootApplication", ms_since(s.xact_start) AS "rootTransactionMs",
         (SELECT max(ms_since(xact_start)) FROM session WHERE pid <> pg_backend_pid()) AS "longestTransactionMs",
         (SELECT max(ms_since(state_change)) FROM session WHERE state LIKE 'idle in transaction%') AS "longestIdleInTransactionMs"
    FROM (SELECT 1) one LEFT JOIN worst ON true LEFT JOIN session s ON s.pid = worst.root`.replaceAll(
  /ms_since\(([a-z_.]+)\)/g,
  '(extract(epoch FROM clock_timestamp() - $1) * 1000)::bigint',
);

/** Who waits for whom in a Postgres, and what has been open for too long. */
export const databaseLocks: Check<SubjectOf<'postgres'>, 'database_locks'> = {
  id: 'database_locks',
  appliesTo: (subject) => subject.kind === 'postgres',
  async run(context) {
    const asked = await askPostgres<Locks>(context, following);
    return asked.ok ? judge(asked.row) : { ...asked.trouble, facts: {} };
  },
};

function judge(facts: Locks): Finding<'database_locks'> {
  const { longestBlockedMs, longestIdleInTransactionMs, longestTransactionMs } = facts;
  const trouble = [
    facts.blocked > 0 &&
      `${facts.blocked} sessions wait for others, the longest for ${longestBlockedMs ?? '?'} ms; process ${facts.rootPid ?? '?'} ` +
        `(${facts.rootApplication ?? 'no name'}, ${facts.rootState ?? 'state hidden'}, transaction open for ${facts.rootTransactionMs ?? '?'} ms) holds up ${facts.rootBlocks ?? '?'}`,
    above(longestIdleInTransactionMs, idleInTransactionLimitMs) &&
      `a session has been idle inside its transaction for ${minutes(longestIdleInTransactionMs)}`,
    above(longestTransactionMs, transactionLimitMs) &&
      `a transaction has been open for ${minutes(longestTransactionMs)}`,
  ];
  const degraded = above(longestBlockedMs, blockedLimitMs) || trouble[1] !== false || trouble[2] !== false;
  const calm = facts.blocked === 0 ? 'nobody waits for a lock' : 'waits are short so far';
  return {
    status: degraded ? 'degraded' : 'ok',
    facts,
    output: listed(trouble, `${calm}; oldest transaction ${minutes(longestTransactionMs)}`),
  };
}

const above = (value: number | null, limit: number) => value !== null && value > limit;
const minutes = (ms: number | null) =>
  ms === null ? 'none' : ms < 60_000 ? `${ms} ms` : `${Math.round(ms / 60_000)} min`;
