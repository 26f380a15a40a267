import { readKillSwitch, setKillSwitch } from '@nightshift/lifecycle';
import { NightshiftError } from '@nightshift/types';
import { whoami } from '../speak.ts';
import { withDatabase } from './database.ts';

export type SwitchOptions = { reason?: string; by?: string; json: boolean };

/** Stops all actions, lets them go on, or only says how the switch stands. Throws BODY_INVALID where a change has no reason. */
export const killSwitch = (to: 'on' | 'off' | undefined, { reason, by, json }: SwitchOptions) =>
  withDatabase(async (db) => {
    if (to !== undefined) {
      if (!reason?.trim()) throw new NightshiftError('BODY_INVALID', '--reason: say why');
      await setKillSwitch(db, to === 'on', whoami(by), reason.trim());
    }
    const state = await readKillSwitch(db);
    const words = state.on ? 'on: nothing is done to anything' : 'off: runbooks act inside their limits';
    const since = state.at === 0 ? '' : ` (${state.by}, ${new Date(state.at).toISOString()}: ${state.reason})`;
    process.stdout.write(`${json ? JSON.stringify(state) : `${words}${state.reason ? since : ''}`}\n`);
    return 0;
  });
