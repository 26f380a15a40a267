import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from '@nightshift/db';
import { connectQueue, type Queue } from '@nightshift/queue';
import { NightshiftError } from '@nightshift/types';
import type { System } from './system.ts';

/** The shop's one service, as its metrics name it. */
export const shopService = 'shop-api';

const leastReports = 5;
const everyMs = 200;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Waits until the shop is well in the eyes of its clients and the detectors have read everything sent so far, so that they know what
 * well looks like. Throws CONFLICT while an incident of the shop is open, INTERNAL when it takes longer than `limitMs`.
 */
export async function warm(
  system: System,
  db: Db,
  options: { limitMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { limitMs = 60_000, signal } = options;
  const shards =
    (await db.query<{ value: number }>(`SELECT value FROM setting WHERE key = 'shard_count'`))[0]?.value ?? 0;
  const queue = connectQueue({ url: system.queueUrl, name: 'warm', log: silent });
  try {
    let why = 'nothing was looked at';
    for (const deadline = Date.now() + limitMs; Date.now() < deadline; await pause(everyMs, undefined, { signal })) {
      why = (await unwell(system, db)) ?? (await unread(queue, shards)) ?? '';
      if (why === '') return;
    }
    throw new NightshiftError(
      'INTERNAL',
      `the shop was not well, or its detection not warm, within ${limitMs / 1_000} s: ${why}`,
    );
  } finally {
    await queue.close(2_000);
  }
}

async function unwell({ shop }: System, db: Db): Promise<string | null> {
  const [open] = await db.query<{ id: string }>(
    `SELECT id FROM incident WHERE service = $1 AND state NOT IN ('resolved', 'closed')`,
    [shopService],
  );
  if (open)
    throw new NightshiftError(
      'CONFLICT',
      `incident ${open.id} of the shop is still open: resolve it in the console first`,
    );
  const { reports, values } = await shop.load();
  if (reports < leastReports) return `${reports} of ${leastReports} reports`;
  const well = values.availability === 1 && (values.checkout_success_ratio ?? 0) > 0.8;
  return well ? null : `its clients see ${JSON.stringify(values)}`;
}

/** One batch a second is at work most of the time; more of them are history that nobody has read yet. */
async function unread(queue: Queue, shards: number): Promise<string | null> {
  for (let shard = 0; shard < shards; shard++) {
    const { waiting, active } = await queue.depth('samples', shard);
    if (waiting + active > 1) return `${waiting + active} batches of shard ${shard} are unread`;
  }
  return null;
}
