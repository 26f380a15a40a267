import { promisify } from 'node:util';
import { constants, deflateRaw, inflateRaw } from 'node:zlib';
import type { Db } from '@nightshift/db';
import { Fenced, type Fence } from './publish.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** What a shard has learned: of its series, and of the signals that are made of several of them. */
export type Learned = Record<'detector' | 'signals', { snapshot(): Uint8Array; restore(bytes: Uint8Array): void }>;

/** Saves what a shard has learned; compressed beside the event loop. Returns its bytes. Throws Fenced when the shard is another's. */
export async function saveSnapshot(db: Db, { shard, epoch }: Fence, { detector, signals }: Learned): Promise<number> {
  // Both of one moment.
  const taken = [detector.snapshot(), signals.snapshot()];
  const [state, counted] = await Promise.all(taken.map((bytes) => deflate(bytes, { level: constants.Z_BEST_SPEED })));
  const rows = await db.query(
    'UPDATE shard SET state = $3, signals = $4, state_at = nightshift_now() WHERE shard = $1 AND epoch = $2 RETURNING shard',
    [shard, epoch, state, counted],
  );
  if (rows.length === 0) throw new Fenced(`shard ${shard} was taken over: its snapshot is not saved`);
  return state!.length + counted!.length;
}

/**
 * Loads what the last owner of a shard had learned, each part for itself: what cannot be read is told and learned anew. Returns whether
 * there was something to know series by.
 */
export async function loadSnapshot(
  db: Db,
  shard: number,
  { detector, signals }: Learned,
  onUnreadable: (error: unknown) => void,
): Promise<boolean> {
  type Saved = { state: Buffer | null; signals: Buffer | null };
  const [saved] = await db.query<Saved>('SELECT state, signals FROM shard WHERE shard = $1', [shard]);
  const load = async (into: Learned['detector'], bytes: Buffer | null | undefined) => {
    if (!bytes) return false;
    try {
      into.restore(await inflate(bytes));
      return true;
    } catch (error) {
      onUnreadable(error);
      return false;
    }
  };
  await load(signals, saved?.signals);
  return load(detector, saved?.state);
}
