import { unknown, type Check, type Finding, type SubjectOf } from '../../check.ts';
import { askPostgres } from '../../postgres.ts';
import { listed } from '../../words.ts';

const lagLimitMs = 30_000;
const lagLimitBytes = 256 * 1024 * 1024;
const retainedLimitBytes = 1024 * 1024 * 1024;

type Replication = {
  isReplica: boolean;
  replicas: number;
  maxLagBytes: number | null;
  maxLagMs: number | null;
  inactiveSlots: number;
  retainedBytes: number | null;
};

// A standby that has replayed all it received is not behind, however long ago the last transaction was.
const measuring = `
  WITH here AS (
    SELECT pg_is_in_recovery() AS replica,
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn
  )
  SELECT here.replica AS "isReplica",
         (SELECT count(*) FROM pg_stat_replication) AS replicas,
         CASE WHEN here.replica THEN pg_wal_lsn_diff(here.lsn, pg_last_wal_replay_lsn())
              ELSE (SELECT max(pg_wal_lsn_diff(here.lsn, replay_lsn)) FROM pg_stat_replication) END::bigint AS "maxLagBytes",
         CASE WHEN here.replica AND here.lsn IS DISTINCT FROM pg_last_wal_replay_lsn()
              THEN (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint
              WHEN here.replica THEN 0
              ELSE (SELECT (extract(epoch FROM max(replay_lag)) * 1000)::bigint FROM pg_stat_replication) END AS "maxLagMs",
         (SELECT count(*) FROM pg_replication_slots WHERE NOT active) AS "inactiveSlots",
         (SELECT max(pg_wal_lsn_diff(here.lsn, restart_lsn))::bigint FROM pg_replication_slots) AS "retainedBytes"
    FROM here`;

/** How far the replicas of a Postgres are behind or, of a replica, how far it is behind itself; and WAL that piles up for nobody. */
export const databaseReplication: Check<SubjectOf<'postgres'>, 'database_replication'> = {
  id: 'database_replication',
  appliesTo: (subject) => subject.kind === 'postgres',
  async run(context) {
    const asked = await askPostgres<Replication>(context, measuring);
    return asked.ok ? judge(asked.row) : { ...asked.trouble, facts: {} };
  },
};

function judge(facts: Replication): Finding<'database_replication'> {
  const { isReplica, replicas, maxLagBytes, maxLagMs, inactiveSlots, retainedBytes } = facts;
  if (!isReplica && replicas > 0 && maxLagBytes === null)
    return unknown(`${replicas} replicas, whose progress is hidden from our role: GRANT pg_monitor to it`, facts);
  const trouble = [
    maxLagMs !== null && maxLagMs > lagLimitMs && `replay is ${Math.round(maxLagMs / 1_000)} s behind`,
    maxLagBytes !== null && maxLagBytes > lagLimitBytes && `replay is ${megabytes(maxLagBytes)} behind`,
    inactiveSlots > 0 &&
      retainedBytes !== null &&
      retainedBytes > retainedLimitBytes &&
      `${inactiveSlots} unused slots hold back ${megabytes(retainedBytes)} of WAL: the disk will fill`,
  ];
  const who = isReplica ? 'a standby' : `${replicas} replicas`;
  return {
    status: trouble.some((line) => line !== false) ? 'degraded' : 'ok',
    facts,
    output: listed(
      trouble,
      `${who}; lag ${maxLagMs ?? '–'} ms, ${megabytes(maxLagBytes ?? 0)}; ${inactiveSlots} unused slots`,
    ),
  };
}

const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;
