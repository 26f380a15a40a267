import type { Db } from '@nightshift/db';
import type { IncidentState } from '@nightshift/types';
import { startLoop, type Loop } from './loop.ts';
import { step } from './step.ts';

const batch = 100;

/** Moves every overdue incident on, so that none waits for ever for something that died. Runs in every service. */
export function startSweeper(options: { db: Db; onError: (error: unknown) => void; everyMs?: number }): Loop {
  const { db, onError } = options;
  const round = async () => {
    const overdue = await db.query<{ id: string; state: IncidentState }>(
      `SELECT id, state FROM incident WHERE state <> 'closed' AND deadline_at <= nightshift_now() ORDER BY deadline_at LIMIT $1`,
      [batch],
    );
    for (const { id, state } of overdue) {
      await step(db, id, { kind: 'deadline_passed', state }, { actor: 'sweeper' }).catch(onError);
    }
    return overdue.length === batch ? ('more' as const) : ('idle' as const);
  };
  return startLoop({ everyMs: options.everyMs ?? 1_000, round, onError });
}
