import { now, type Tx } from '@nightshift/db';
import { declaredFreezes, passGate, readKillSwitch } from '@nightshift/lifecycle';
import { freezeInWords, freezeOf, frozenAt, type Refusal } from '@nightshift/runbooks';
import type { Executor } from './executor.ts';

/**
 * Whether people have stopped actions: all of them, or those on this service. Goes past the gate first: once somebody has stopped them, no
 * transaction that did not see it commits.
 */
export async function stopRefusal(
  tx: Tx,
  { freezes }: Pick<Executor, 'freezes'>,
  service: string,
): Promise<Refusal | null> {
  await passGate(tx);
  return (await killSwitchRefusal(tx)) ?? (await freezeRefusal(tx, freezes(), service));
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
