import type { CheckStatus } from '@nightshift/types';
import { referenced, type CheckContext, type SubjectOf } from './check.ts';
import { innermostCode, judgeConnection } from './connection-error.ts';

const tooManyConnections = '53300';
const startingOrStopping = '57P03';
const missing = new Set(['42501', '42883', '42P01', '42703']);

type Trouble = { status: CheckStatus; facts: { refusesConnections?: true; usedPercent?: number }; output: string };

/** Asks a Postgres one question that has one row for its answer, through the one pool of its address. */
export async function askPostgres<Row>(
  context: CheckContext<SubjectOf<'postgres'>>,
  sql: string,
): Promise<{ ok: true; row: Row } | { ok: false; trouble: Trouble }> {
  const db = context.databases.of(referenced(context, context.subject.urlEnv));
  try {
    const [row] = await db.query<Row>(sql, [], context.signal);
    return { ok: true, row: row! };
  } catch (error) {
    if (context.signal.aborted) throw error;
    return { ok: false, trouble: judge(error) };
  }
}

function judge(error: unknown): Trouble {
  const code = innermostCode(error);
  if (code === tooManyConnections) {
    return {
      status: 'degraded',
      facts: { usedPercent: 100, refusesConnections: true },
      output: 'it runs but has no connection left for us',
    };
  }
  if (code === startingOrStopping) return { status: 'down', facts: {}, output: 'it is starting up or shutting down' };
  if (code && missing.has(code))
    return { status: 'unknown', facts: {}, output: `our role may not look (${code}): GRANT pg_monitor to it` };
  return { ...judgeConnection(error), facts: {} };
}
