import { now, type Tx } from '@nightshift/db';
import {
  declaredFreezes,
  passGate,
  readBreaker,
  readKillSwitch,
  sickServices,
  tooManySick,
} from '@nightshift/lifecycle';
import { freezeInWords, freezeOf, frozenAt, type Refusal } from '@nightshift/runbooks';
import type { Catalogue } from '@nightshift/types';
import type { Admitted } from './admission.ts';
import type { Executor } from './executor.ts';

/**
 * Whether actions are stopped: all of them, or those on this service. Goes past the gate first: once they have been stopped, no
 * transaction that did not see it commits.
 */
export async function stopRefusal(
  tx: Tx,
  { freezes, catalogue }: Pick<Executor, 'freezes' | 'catalogue'>,
  service: string,
): Promise<Refusal | null> {
  await passGate(tx);
  return (
    (await killSwitchRefusal(tx)) ??
    (await freezeRefusal(tx, freezes(), service)) ??
    (await breakerRefusal(tx, catalogue()))
  );
}

/** Counted here too: whoever opens the breaker may be a moment late. */
async function breakerRefusal(tx: Tx, { services }: Catalogue): Promise<Refusal | null> {
  const { open, armed, at, reason } = await readBreaker(tx);
  if (open) return { reason: 'breaker', detail: `the breaker is open since ${new Date(at).toISOString()}: ${reason}` };
  const sick = armed
    ? await sickServices(
        tx,
        services.map(({ name }) => name),
      )
    : [];
  if (!tooManySick(sick.length, services.length)) return null;
  return {
    reason: 'breaker',
    detail: `${sick.length} of ${services.length} services are sick at once (${sick.join(', ')})`,
  };
}

async function killSwitchRefusal(tx: Tx): Promise<Refusal | null> {
  const { on, by, at, reason } = await readKillSwitch(tx);
  if (!on) return null;
  return {
    reason: 'kill_switch',
    detail: `the kill switch is on since ${new Date(at).toISOString()}, by ${by}${reason ? `: ${reason}` : ''}`,
  };
}

async function freezeRefusal(
  tx: Tx,
  calendar: ReturnType<Executor['freezes']>,
  service: string,
): Promise<Refusal | null> {
  const freeze = freezeOf(frozenAt(calendar, await declaredFreezes(tx), await now(tx)), service);
  return freeze && { reason: 'freeze', detail: freezeInWords(freeze) };
}

/**
 * The last look before the effect: nobody has stopped actions since the admission, the lease and the fence still hold, and the ledger can
 * be written. Null: it may be sent now.
 */
export function letGo(
  rules: Pick<Executor, 'db' | 'freezes' | 'catalogue'>,
  { action, fence }: Pick<Admitted, 'action' | 'fence'>,
): Promise<Refusal | null> {
  return rules.db.tx(async (tx) => {
    const stopped = await stopRefusal(tx, rules, action.service);
    if (stopped) return stopped;
    const mine = await tx.query(
      `UPDATE action SET sent_at = nightshift_now()
        WHERE id = $1 AND fence = $2 AND state = 'dispatching' AND lease_until > nightshift_now() RETURNING 1`,
      [action.id, fence],
    );
    return mine.length === 1 ? null : { reason: 'fence', detail: 'another executor has taken it over' };
  });
}
