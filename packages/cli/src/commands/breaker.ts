import { closeBreaker, readBreaker } from '@nightshift/lifecycle';
import { NightshiftError } from '@nightshift/types';
import { whoami } from '../speak.ts';
import { withDatabase } from './database.ts';
import type { SwitchOptions } from './kill-switch.ts';

/** Closes the breaker, or only says how it stands. Throws CONFLICT where it is not open, BODY_INVALID where closing has no reason. */
export const breaker = (to: 'close' | undefined, { reason, by, json }: SwitchOptions) =>
  withDatabase(async (db) => {
    if (to === 'close') {
      if (!reason?.trim()) throw new NightshiftError('BODY_INVALID', '--reason: say why');
      await closeBreaker(db, whoami(by), reason.trim());
    }
    const state = await readBreaker(db);
    const words = state.open
      ? `open since ${new Date(state.at).toISOString()}: ${state.reason}; incident ${state.incidentId}`
      : `closed${state.reason ? ` since ${new Date(state.at).toISOString()} by ${state.by}: ${state.reason}` : ''}`;
    process.stdout.write(`${json ? JSON.stringify(state) : words}\n`);
    return 0;
  });
