import type { Db } from '@nightshift/db';
import type { Queue } from '@nightshift/queue';
import { stageJobId, type Stage } from '@nightshift/types';
import { startLoop, type Loop } from './loop.ts';

const batch = 100;
const firstBackOffMs = 2_000;
const longestBackOffMs = 60_000;

/**
 * Turns outbox rows into jobs. Runs in every service; they share the rows by SKIP LOCKED. Claiming commits before sending: killed in
 * between, the row is offered again after its back-off, under the same job id, which the queue takes only once.
 */
export function startRelay(options: {
  db: Db;
  queue: Queue;
  onError: (error: unknown) => void;
  everyMs?: number;
}): Loop {
  const { db, queue, onError } = options;
  const round = async () => {
    const rows = await claim(db);
    const sent = await Promise.allSettled(
      rows.map((row) =>
        queue.send(row.stage, { v: 1, ...row }, { id: stageJobId(row.incidentId, row.stage, row.generation) }),
      ),
    );
    sent.forEach((result) => result.status === 'rejected' && onError(result.reason));
    return rows.length === batch ? ('more' as const) : ('idle' as const);
  };
  return startLoop({ everyMs: options.everyMs ?? 250, round, onError });
}

type Owed = { incidentId: string; stage: Stage; generation: number };

function claim(db: Db): Promise<Owed[]> {
  return db.query<Owed>(
    `UPDATE outbox SET sends = sends + 1,
            due_at = nightshift_now() + least($2 * power(2, least(sends, 20)), $3) * interval '1 millisecond'
      WHERE (incident_id, stage, generation) IN (
        SELECT incident_id, stage, generation FROM outbox WHERE done_at IS NULL AND due_at <= nightshift_now()
         ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING incident_id AS "incidentId", stage, generation`,
    [batch, firstBackOffMs, longestBackOffMs],
  );
}
