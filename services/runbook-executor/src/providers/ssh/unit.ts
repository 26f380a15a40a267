import { plannedCall, refuse, type PlanResult, type ProbeResult, type SendResult } from '../provider.ts';
import { inWords, wasKilled, type There } from './there.ts';

/** A systemd unit as it is now. `invocation`: another one each time it is started; empty: never. See systemctl(1) and systemd.exec(5). */
type UnitState = { load: string; active: string; sub: string; invocation: string };

const properties = ['LoadState', 'ActiveState', 'SubState', 'InvocationID'] as const;

async function stateOf(there: There, unit: string): Promise<UnitState> {
  const text = await there.printed(['systemctl', 'show', `--property=${properties.join(',')}`, '--', unit]);
  const values = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const [load, active, sub, invocation] = properties.map((name) => values.get(name)?.trim());
  if (load === undefined || active === undefined || sub === undefined || invocation === undefined)
    throw new Error(`systemctl on ${there.name} did not say how ${unit} is: ${text.slice(0, 200)}`);
  return { load, active, sub, invocation };
}

export async function planRestart(there: There, unit: string): Promise<PlanResult> {
  const { load, active, sub, invocation } = await stateOf(there, unit);
  if (load !== 'loaded') return refuse(`${unit} on ${there.name} is ${load}: there is nothing to restart`);
  return plannedCall('probe', {
    params: {},
    precondition: { unit, invocation },
    summary: `restart ${unit} on ${there.name} (${active}, ${sub})`,
    undo: 'nothing to undo: the same unit runs again',
  });
}

/** Restarts a unit that is still the one that the plan saw. Whatever is thrown here came before anything was done. */
export async function sendRestart(there: There, unit: string, planned: string): Promise<SendResult> {
  const before = await stateOf(there, unit);
  if (before.invocation !== planned)
    return { outcome: 'refused', detail: `${unit} on ${there.name} was started again since the plan was made` };
  return restart(there, unit, planned);
}

async function restart(there: There, unit: string, planned: string): Promise<SendResult> {
  try {
    const ran = await there.asRoot(['systemctl', 'restart', '--', unit]);
    if (wasKilled(ran)) return { outcome: 'uncertain', detail: `systemctl ${inWords(ran)}: it may be restarting` };
    const after = await stateOf(there, unit);
    const state = `${unit} on ${there.name} is ${after.active} (${after.sub})`;
    if (ran.exitCode !== 0) return { outcome: 'failed', detail: `systemctl ${inWords(ran)}; ${state}`, again: false };
    if (after.invocation === planned)
      return {
        outcome: 'failed',
        detail: `systemctl said nothing, but ${state} as before, not started again`,
        again: false,
      };
    return after.active === 'failed'
      ? { outcome: 'failed', detail: state, again: false }
      : { outcome: 'succeeded', detail: state };
  } catch (error) {
    return { outcome: 'uncertain', detail: `it may be restarting: ${(error as Error).message}` };
  }
}

/**
 * Whether it was started since the plan. "Not yet" is no proof that it will not be: what was sent through a network that failed may
 * still arrive. So this never says that it may be sent again.
 */
export async function probeRestart(there: There, unit: string, planned: string): Promise<ProbeResult> {
  return (await stateOf(there, unit)).invocation === planned ? 'unknown' : 'done';
}
