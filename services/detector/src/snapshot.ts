import { promisify } from 'node:util';
import { constants, deflateRaw, inflateRaw } from 'node:zlib';
import type { Db } from '@nightshift/db';
import type { Detector } from '@nightshift/detection';
import { Fenced, type Fence } from './publish.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Saves what a shard has learned; compressed beside the event loop. Returns its bytes. Throws Fenced when the shard is another's. */
export async function saveSnapshot(db: Db, { shard, epoch }: Fence, detector: Detector): Promise<number> {
  const state = await deflate(detector.snapshot(), { level: constants.Z_BEST_SPEED });
  const rows = await db.query(
    'UPDATE shard SET state = $3, state_at = nightshift_now() WHERE shard = $1 AND epoch = $2 RETURNING shard',
    [shard, epoch, state],
  );
  if (rows.length === 0) throw new Fenced(`shard ${shard} was taken over: its snapshot is not saved`);
  return state.length;
}

/** Loads what the last owner of a shard had learned into a detector. False where there is nothing. Throws where it cannot be read. */
export async function loadSnapshot(db: Db, shard: number, detector: Detector): Promise<boolean> {
  const [row] = await db.query<{ state: Buffer | null }>('SELECT state FROM shard WHERE shard = $1', [shard]);
  if (!row?.state) return false;
  detector.restore(await inflate(row.state));
  return true;
}
