import { now, type Db } from '@nightshift/db';
import { startLoop, type Loop } from '@nightshift/lifecycle';
import type { ClassificationRules } from '@nightshift/types';
import { enterHeld } from '../alerts/settle.ts';
import { raiseSilent } from './heartbeats.ts';

const everyMs = 1_000;

/** Looks for silence, and for alerts that nothing holds any more, each second. After a start, or while the database was away, every name gets its whole interval again. */
export function listenForSilence(
  db: Db,
  options: { classification: () => ClassificationRules; kick: () => void; onError: (error: unknown) => void },
): Loop {
  let heardSince: number | undefined;
  return startLoop({
    everyMs,
    onError(error) {
      heardSince = undefined;
      options.onError(error);
    },
    async round() {
      heardSince ??= Math.round(await now(db));
      const raised = await raiseSilent(db, heardSince, options.classification());
      const entered = await enterHeld(db, options.classification());
      if (raised + entered > 0) options.kick();
      return 'idle';
    },
  });
}
