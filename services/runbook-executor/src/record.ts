/** T2: what became of an attempt, written only by the holder of the fence, and only while the action is still being sent. */
import type { Db, Tx } from '@nightshift/db';
import { stepIn } from '@nightshift/lifecycle';
import type { Admitted } from './admission.ts';
import { actor } from './executor.ts';
import { finishAction, presentable } from './finish.ts';
import type { Performed } from './perform.ts';
import { afterAttempt, type Next } from './retry.ts';

export type Recorded =
  /** The plan goes on: after a success, or with what stands in for a failure. */
  | { kind: 'next_step' | 'ended'; state: 'succeeded' | 'failed' | 'denied' | 'unknown' }
  | { kind: 'again'; againMs: number }
  /** Somebody else has taken the action over since: nothing was written. */
  | { kind: 'fenced' };

const retryEveryMs = 250;

/** Tries until it is written or the lease has ended: a database that is away for a moment must not turn a success into a doubt. */
export async function record(
  db: Db,
  admitted: Admitted,
  result: Performed,
  job: { generation: number },
): Promise<Recorded> {
  for (;;) {
    try {
      return await db.tx((tx) => recordIn(tx, admitted, result, job));
    } catch (error) {
      if (performance.now() + retryEveryMs >= admitted.leaseEndsAt) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
  }
}

async function recordIn(
  tx: Tx,
  { action, fence, attempt, recovered }: Admitted,
  result: Performed,
  job: { generation: number },
): Promise<Recorded> {
  const mine = await tx.query(
    `SELECT 1 FROM action WHERE id = $1 AND fence = $2 AND state = 'dispatching' FOR UPDATE`,
    [action.id, fence],
  );
  if (mine.length === 0) return { kind: 'fenced' };
  const { class: kind, maxRetries, backOffMs } = action.planned;
  const next = afterAttempt(result, { class: kind, attempt, maxRetries, backOffMs, recovered });
  if (next.kind === 'retry') {
    await planAgain(
      tx,
      action.id,
      action.incidentId,
      `attempt ${attempt} at "${action.planned.summary}"`,
      next,
      result.detail,
    );
    return { kind: 'again', againMs: next.afterMs };
  }
  const follows = await finishAction(tx, action, { state: next.state, detail: result.detail, job });
  return { kind: follows, state: next.state };
}

/**
 * Until the back-off is over nobody may start it: that is what lease_until says in either state. What certainly did not happen is
 * planned again; what may have happened stays under way, so that whoever takes it up knows to treat it as a repeat.
 */
async function planAgain(
  tx: Tx,
  id: string,
  incidentId: string,
  what: string,
  next: Extract<Next, { kind: 'retry' }>,
  detail: string,
) {
  const text = presentable(detail);
  await tx.query(
    `UPDATE action SET state = $2, lease_until = nightshift_now() + $3 * interval '1 millisecond', detail = $4 WHERE id = $1`,
    [id, next.certainty === 'uncertain' ? 'dispatching' : 'planned', next.afterMs, text],
  );
  const outcome = next.certainty === 'uncertain' ? 'brought no answer' : 'failed';
  await stepIn(
    tx,
    incidentId,
    { kind: 'note', by: actor, text: `${what} ${outcome}, again in ${next.afterMs / 1_000} s: ${text}` },
    { actor },
  );
}
