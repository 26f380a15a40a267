import { now, type Db } from '@nightshift/db';
import { startLoop, type Loop } from '@nightshift/lifecycle';
import { raiseSilent } from './heartbeats.ts';

const everyMs = 1_000;

/** Looks for silence each second. After a start, or while the database was away, every name gets its whole interval again. */
export function listenForSilence(db: Db, options: { kick: () => void; onError: (error: unknown) => void }): Loop {
  let heardSince: number | undefined;
  return startLoop({
    everyMs,
    onError(error) {
      heardSince = undefined;
      options.onError(error);
    },
    async round() {
      heardSince ??= Math.round(await now(db));
      if ((await raiseSilent(db, heardSince)) > 0) options.kick();
      return 'idle';
    },
  });
}
