import { now, type Db, type Tx } from '@nightshift/db';
import { NightshiftError, seriesKey, type ClassificationRules } from '@nightshift/types';
import type { Alert } from '../alerts/alert.ts';
import { settleAlert } from '../alerts/settle.ts';

type Heartbeat = { name: string; service: string; intervalMs: number; beatAt: number };

const mostHeartbeats = 10_000;
const sender = 'Nightshift';

/** Takes a sign of life: it sets the interval (ms) within which the next one is expected, and ends the alert of a silence. */
export async function beat(
  tx: Tx,
  given: Pick<Heartbeat, 'name' | 'service' | 'intervalMs'>,
  classification: ClassificationRules,
): Promise<'first' | 'next' | 'back'> {
  const at = Math.round(await now(tx));
  const [known] = await tx.query<Heartbeat & { missed: boolean }>(
    `SELECT ${columns}, missed FROM heartbeat WHERE name = $1 FOR UPDATE`,
    [given.name],
  );
  if (!known) await refuseTooMany(tx);
  await tx.query(
    `INSERT INTO heartbeat (name, service, interval_ms, beat_at) VALUES ($1, $2, $3, ms($4))
     ON CONFLICT (name) DO UPDATE SET service = $2, interval_ms = $3, beat_at = ms($4), missed = false`,
    [given.name, given.service, given.intervalMs, at],
  );
  if (!known) return 'first';
  if (!known.missed) return 'next';
  await settleAlert(tx, alertOf(known, at), { sender, classification });
  return 'back';
}

/** Expects nothing any more of a name. Returns false if nothing was. */
export async function forget(tx: Tx, name: string, classification: ClassificationRules): Promise<boolean> {
  const [known] = await tx.query<Heartbeat & { missed: boolean }>(
    `DELETE FROM heartbeat WHERE name = $1 RETURNING ${columns}, missed`,
    [name],
  );
  if (known?.missed) await settleAlert(tx, alertOf(known, Math.round(await now(tx))), { sender, classification });
  return known !== undefined;
}

/**
 * Raises an alert for each name that has been silent for longer than its interval, all of which must lie after `heardSince` (epoch ms):
 * what could not be heard was no silence. Returns how many.
 */
export async function raiseSilent(db: Db, heardSince: number, classification: ClassificationRules): Promise<number> {
  const silent = await db.query<{ name: string }>(`SELECT name FROM heartbeat WHERE ${isSilent('$1')} LIMIT 100`, [
    heardSince,
  ]);
  let raised = 0;
  for (const { name } of silent) {
    await db.tx(async (tx) => {
      // Only one process finds it so, and only if no beat came meanwhile.
      const [row] = await tx.query<Heartbeat>(
        `UPDATE heartbeat SET missed = true WHERE name = $2 AND ${isSilent('$1')} RETURNING ${columns}`,
        [heardSince, name],
      );
      if (!row) return;
      await settleAlert(tx, alertOf(row, undefined), { sender, classification });
      raised += 1;
    });
  }
  return raised;
}

const columns = `name, service, interval_ms AS "intervalMs", beat_at AS "beatAt"`;

const isSilent = (heardSince: string) =>
  `NOT missed AND greatest(beat_at, ms(${heardSince})) + interval_ms * interval '1 millisecond' < nightshift_now()`;

const alertOf = ({ name, service, intervalMs, beatAt }: Heartbeat, endedAt: number | undefined): Alert => ({
  key: seriesKey('heartbeat', { name }),
  name: `heartbeat ${name}`,
  service,
  severity: 'critical',
  summary: `nothing was heard of it for ${Math.round(intervalMs / 1_000)} s`,
  startedAt: beatAt + intervalMs,
  endedAt,
});

async function refuseTooMany(tx: Tx): Promise<void> {
  const [row] = await tx.query<{ count: number }>('SELECT count(*) AS count FROM heartbeat');
  if (row && row.count >= mostHeartbeats) {
    throw new NightshiftError('BODY_INVALID', `there are ${mostHeartbeats} heartbeats already: delete some`);
  }
}
