import type { Check, Finding, SubjectOf } from '../../check.ts';
import { askPostgres } from '../../postgres.ts';
import { listed } from '../../words.ts';

const fullPercent = 85;
const deadLimitPercent = 50;
/** From here Postgres itself begins to warn (https://www.postgresql.org/docs/current/routine-vacuuming.html). */
const transactionsLimit = 40_000_000;

type Size = { sizeBytes: number; deadTuplePercent: number | null; transactionsToWraparound: number };

const measuring = `
  SELECT pg_database_size(current_database()) AS "sizeBytes",
         (SELECT round(max(100.0 * n_dead_tup / (n_live_tup + n_dead_tup)), 1)::float8
            FROM pg_stat_user_tables WHERE n_live_tup + n_dead_tup > 10000) AS "deadTuplePercent",
         (SELECT 2147483648 - 3000000 - max(age(datfrozenxid)) FROM pg_database WHERE datallowconn) AS "transactionsToWraparound"`;

/** How large a database is against what its storage is meant for, and what piles up inside it. */
export const databaseSize: Check<SubjectOf<'postgres'>, 'database_size'> = {
  id: 'database_size',
  appliesTo: (subject) => subject.kind === 'postgres',
  async run(context) {
    const asked = await askPostgres<Size>(context, measuring);
    return asked.ok ? judge(asked.row, context.subject.limitBytes ?? null) : { ...asked.trouble, facts: {} };
  },
};

function judge(size: Size, limitBytes: number | null): Finding<'database_size'> {
  const usedPercent = limitBytes === null ? null : Math.round((size.sizeBytes / limitBytes) * 1_000) / 10;
  const { deadTuplePercent, transactionsToWraparound } = size;
  const trouble = [
    usedPercent !== null && usedPercent >= fullPercent && `it has ${usedPercent}% of its limit`,
    deadTuplePercent !== null && deadTuplePercent > deadLimitPercent && `a table is ${deadTuplePercent}% dead rows`,
    transactionsToWraparound < transactionsLimit &&
      `${transactionsToWraparound} transactions are left before it refuses writes: VACUUM`,
  ];
  const of = limitBytes === null ? ', no limit in the catalogue' : ` of ${megabytes(limitBytes)}`;
  return {
    status: trouble.some((line) => line !== false) ? 'degraded' : 'ok',
    facts: { ...size, limitBytes, usedPercent },
    output: listed(trouble, `${megabytes(size.sizeBytes)}${of}`),
  };
}

const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(0)} MB`;
